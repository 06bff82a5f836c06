#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "foehn/diffusion/guidance.hpp"

namespace foehn::diffusion {

/// M v = b in observation space, shared by a team; M is known by its products alone and need not be
/// symmetric. Vectors are float64, [value].
struct LinearSystem {
  std::function<at::Tensor(const at::Tensor& direction)> product;  ///< M direction. Collective
  std::function<double(const at::Tensor& x, const at::Tensor& y)>
      inner_product;  ///< the same on any number of ranks. Collective
  /// An approximate solution of M z = x, which may differ from call to call in how it is made. Collective.
  /// Absent: x itself.
  std::function<at::Tensor(const at::Tensor& x)> precondition = {};
};

struct Solution {
  at::Tensor v;
  /// v as a sum of the vectors that M was multiplied with, in that order: for those who keep a linear image
  /// of each. Empty if there is no solution.
  std::vector<double> weights;
  SolveReport report;
};

/// Generalised minimal residuals from v = 0 (GMRES; with a preconditioner the flexible form): of all sums of
/// the vectors that M was multiplied with, v is the one with the smallest residual, which never grows and
/// vanishes in the end for every regular M. Sources: Saad & Schultz 1986; Saad 1993.
///
/// Every vector is made orthogonal to all before it; after 64 of them they are dropped and the method starts
/// over from the residual, so that memory is bounded. Ends after `options.steps` products, or at the residual
/// asked for; has no solution where M is not positive along the very first direction. Element-wise work uses
/// single-rounding operations.
/// @throws core::CollectiveError if a product is not finite, or if the residual asked for is not reached
Solution minimal_residual(const LinearSystem& system, const at::Tensor& b, const SolverOptions& options);

}  // namespace foehn::diffusion

#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "foehn/diffusion/guidance.hpp"

namespace foehn::diffusion {

/// M v = b in observation space, shared by a team; M is known by its products alone and need not be
/// symmetric. Vectors are float64, [value].
struct LinearSystem {
  std::function<at::Tensor(const at::Tensor& direction)> product;  ///< M direction. Collective
  std::function<double(const at::Tensor& x, const at::Tensor& y)>
      inner_product;  ///< the same on any number of ranks. Collective
};

/// How the directions of a solve, and with them its solution, are made of the vectors that M was multiplied
/// with, for those who keep a linear image of them: `direct(w)` after each product: the direction is that
/// vector plus w times the direction before; `accept(w)`: w times the direction is added to the solution.
struct SolutionFollower {
  std::function<void(double weight)> direct;
  std::function<void(double weight)> accept;
};

/// Generalised conjugate residuals from v = 0, each direction made orthogonal to the last one alone
/// (Orthomin(1)): the first two iterates are those of GMRES, for a symmetric M all are; the residual never
/// grows, and vanishes in the end if v^T M v > 0 for all v. Sources: Vinsome 1976; Eisenstat, Elman & Schultz
/// 1983.
///
/// Ends after `options.steps` products, at the residual asked for, or at a residual r with r^T M r <= 0:
/// there M is not positive. Element-wise work uses single-rounding operations.
/// @throws core::CollectiveError if a product is not finite, or if the residual asked for is not reached
SolveReport conjugate_residuals(const LinearSystem& system, const at::Tensor& b, const SolverOptions& options,
                                const SolutionFollower& follower);

}  // namespace foehn::diffusion

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "foehn/model/domain.hpp"

namespace foehn::model {

/// A Gaussian part for a prior that has none: another bundle, of kind gaussian, for the same fields.
struct GaussianPart {
  std::int64_t markov_order = 0;
  at::Tensor lag_covariance;  ///< as in GaussianPrior, in the normalised units of the prior it is for
  std::string digest;         ///< of the bundle
};

/// What a Gaussian prior says of fields in the normalised units of `domain`. Since x = a + b u for each
/// variable, u being the anomalies of `folder`, Cov(x_i, x_j) = b_i b_j Cov(u_i, u_j); the offset, which
/// covariances do not see, may be a climatology.
/// @throws core::Error naming the folder and what is wrong: it is of another kind, or of another grid, other
///         variables or another step than `domain`, or its anomalies have a deviation, with which b would
///         differ from cell to cell and the covariance would not be diagonal in spatial modes
GaussianPart load_gaussian_part(const std::filesystem::path& folder, const Domain& domain);

}  // namespace foehn::model

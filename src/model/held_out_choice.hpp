#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/model/gaussian_fit.hpp"

namespace foehn::model {

/// Covariances of the hours held out, [lag, variable, variable, mode].
struct HeldOut {
  at::Tensor choosing, scoring;  ///< of those by which is chosen, and of those by which the choice is scored
  std::int64_t scored_hours = 0;
};

/// Chooses the shrinkage of a covariance, by likelihood.
/// @param covariance  [lag, variable, variable, y, x], of which the lags of a window are used
GaussianFitQuality choose_shrinkage(const at::Tensor& covariance, const HeldOut& held_out,
                                    std::int64_t window);

/// How well windows of one Markov order denoise their middle hour: the logarithm of its mean-square error,
/// averaged over variables and over noise levels, from one that hides all but the largest scales to one that
/// hides little.
/// @param prior     covariance that the denoiser believes in, [lag, variable, variable, mode], of the lags of
///                  a window or more
/// @param observed  the same of the fields that it denoises
double middle_hour_error(const at::Tensor& prior, const at::Tensor& observed, std::int64_t markov_order);

/// Chooses the Markov order of the shortest windows that denoise the hours held out next to as well as any.
/// @param covariance  as of choose_shrinkage, of the lags of the longest window
/// @param orders      to choose from, rising
std::int64_t choose_markov_order(const at::Tensor& covariance, const HeldOut& held_out,
                                 const std::vector<std::int64_t>& orders);

}  // namespace foehn::model

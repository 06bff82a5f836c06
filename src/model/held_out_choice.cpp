#include "model/held_out_choice.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "foehn/model/gaussian_prior.hpp"
#include "model/lag_covariance.hpp"

namespace foehn::model {

namespace {

constexpr std::array<double, 8> kShrinkages{0, .05, .1, .2, .35, .5, .7, 1};
constexpr std::int64_t kModesThatChoose = 4096;  // enough to choose one number by
constexpr std::int64_t kModesThatChooseOrder = 512;
// log(mu/sigma), signal over noise: where windows matter.
constexpr std::array<double, 7> kLogRatios{-4, -3, -2, -1, 0, 1, 2};
// Of an error, that longer windows must be worth.
constexpr double kNegligible = 0.01;

/// Every n-th mode, where there are too many to try every choice on all.
at::Tensor some_modes(const at::Tensor& by_mode, std::int64_t about) {
  const std::int64_t step = std::max<std::int64_t>(1, by_mode.size(3) / about);
  return by_mode.slice(3, 0, by_mode.size(3), step);
}

}  // namespace

GaussianFitQuality choose_shrinkage(const at::Tensor& covariance, const HeldOut& held_out,
                                    std::int64_t window) {
  const at::Tensor chosen_by = some_modes(held_out.choosing.narrow(0, 0, window), kModesThatChoose);
  const at::Tensor scored_by = some_modes(held_out.scoring.narrow(0, 0, window), kModesThatChoose);
  const at::Tensor of_window = covariance.narrow(0, 0, window);
  const at::Tensor estimate = some_modes(of_window.flatten(3), kModesThatChoose);
  const at::Tensor target = some_modes(isotropic_mean(of_window).flatten(3), kModesThatChoose);
  const auto shrunk = [&](double weight) { return estimate * (1 - weight) + target * weight; };
  GaussianFitQuality quality;
  quality.held_out_hours = held_out.scored_hours;
  double best = -std::numeric_limits<double>::infinity();
  for (const double weight : kShrinkages) {
    const double likelihood = gaussian_likelihood(shrunk(weight), chosen_by).log_likelihood;
    if (likelihood <= best) continue;
    best = likelihood;
    quality.shrinkage = weight;
  }
  const GaussianLikelihood score = gaussian_likelihood(shrunk(quality.shrinkage), scored_by);
  quality.held_out_log_likelihood = score.log_likelihood;
  quality.normalised_square = score.normalised_square;
  // Independent values of unit variance: what knowing the climatology and the spread alone gives.
  at::Tensor independent = at::zeros_like(estimate);
  independent.select(0, 0).copy_(
      at::eye(estimate.size(1), estimate.options()).unsqueeze(2).expand_as(estimate[0]));
  quality.climatology_log_likelihood = gaussian_likelihood(independent, scored_by).log_likelihood;
  return quality;
}

double middle_hour_error(const at::Tensor& prior, const at::Tensor& observed, std::int64_t markov_order) {
  const std::int64_t window = 2 * markov_order + 1, variables = prior.size(1);
  const auto hour = at::indexing::Slice(markov_order * variables, (markov_order + 1) * variables);
  const at::Tensor truth = window_covariance(observed.narrow(0, 0, window));
  const auto [values, vectors] = at::linalg_eigh(window_covariance(prior.narrow(0, 0, window)), "L");
  const at::Tensor variance = values.clamp_min(0);
  const at::Tensor rows = vectors.index({at::indexing::Slice(), hour});  // [mode, variable, eigenvector]
  double sum = 0;
  for (const double log_ratio : kLogRatios) {
    // With noisy = x + n, n of variance s^2, the estimate of the middle hour is W noisy, and its error
    // T_mm - W T_.m - (W T_.m)^T + W (T + s^2) W^T.
    const double noise = std::exp(-2 * log_ratio);
    const at::Tensor gain =
        at::bmm(rows * (variance / (variance + noise)).unsqueeze(1), vectors.transpose(1, 2));
    const at::Tensor seen = at::bmm(gain, truth);  // [mode, variable, channel]
    const at::Tensor own = truth.index({at::indexing::Slice(), hour, hour}).diagonal(0, 1, 2);
    const at::Tensor shared =
        seen.index({at::indexing::Slice(), at::indexing::Slice(), hour}).diagonal(0, 1, 2);
    const at::Tensor error = own - 2 * shared + (seen * gain).sum(2) + noise * (gain * gain).sum(2);
    sum += error.mean(0).log().mean().item<double>();
  }
  return sum / static_cast<double>(kLogRatios.size());
}

std::int64_t choose_markov_order(const at::Tensor& covariance, const HeldOut& held_out,
                                 const std::vector<std::int64_t>& orders) {
  if (orders.size() == 1) return orders.front();
  // The shrinkage is that of the shortest windows; that of others would differ little.
  const double weight = choose_shrinkage(covariance, held_out, 2 * orders.front() + 1).shrinkage;
  const at::Tensor shrunk = covariance * (1 - weight) + isotropic_mean(covariance) * weight;
  const at::Tensor prior = some_modes(shrunk.flatten(3), kModesThatChooseOrder);
  const at::Tensor observed = some_modes(held_out.choosing, kModesThatChooseOrder);
  std::vector<double> errors;
  for (const std::int64_t order : orders) errors.push_back(middle_hour_error(prior, observed, order));
  const double enough = *std::min_element(errors.begin(), errors.end()) + kNegligible;
  const auto first =
      std::find_if(errors.begin(), errors.end(), [&](double error) { return error <= enough; });
  return orders[static_cast<std::size_t>(first - errors.begin())];
}

}  // namespace foehn::model

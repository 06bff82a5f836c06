#include "lag_covariance.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <vector>

#include "foehn/model/gaussian_prior.hpp"

namespace foehn::model {

namespace {

constexpr double kSeenNoiseVariance = 1e-4;
constexpr std::int64_t kCovarianceModesAtOnce = 1024;

}  // namespace

LagCovarianceEstimator::LagCovarianceEstimator(std::int64_t window, std::int64_t variables,
                                               std::int64_t modes)
    : window_(window),
      sums_(at::zeros({window, variables, variables, modes}, at::kDouble)),
      pairs_(at::zeros({window}, at::kDouble)) {}

void LagCovarianceEstimator::add(const at::Tensor& spectrum) {
  recent_.push_front(spectrum);
  if (static_cast<std::int64_t>(recent_.size()) > window_) recent_.pop_back();
  for (std::size_t lag = 0; lag < recent_.size(); ++lag) {
    const auto row = static_cast<std::int64_t>(lag);
    sums_.select(0, row).addcmul_(recent_[lag].unsqueeze(1), spectrum.unsqueeze(0));
    pairs_.select(0, row).add_(1);
  }
  ++count_;
}

at::Tensor LagCovarianceEstimator::estimate() const {
  return sums_ / static_cast<double>(count_);
}

at::Tensor LagCovarianceEstimator::unbiased_estimate() const {
  return sums_ / pairs_.clamp_min(1).reshape({-1, 1, 1, 1});
}

at::Tensor LagCovarianceEstimator::root_mean_square() const {
  return estimate().select(0, 0).mean(2).diagonal().sqrt().contiguous();
}

at::Tensor isotropic_mean(const at::Tensor& covariance) {
  const auto ny = covariance.size(3), nx = covariance.size(4), modes = ny * nx;
  std::vector<std::int64_t> order(static_cast<std::size_t>(modes));
  std::iota(order.begin(), order.end(), 0);
  const auto wavenumber = [&](std::int64_t mode) {
    const std::int64_t y = mode / nx, x = mode % nx;
    return std::hypot(static_cast<double>(y) / static_cast<double>(ny),
                      static_cast<double>(x) / static_cast<double>(nx));
  };
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return wavenumber(a) < wavenumber(b); });

  const at::Tensor index = at::tensor(order, at::kLong);
  const at::Tensor sorted = covariance.flatten(3).index_select(3, index);
  const at::Tensor before = at::constant_pad_nd(sorted.cumsum(3), {1, 0});  // sum over the modes before one
  at::Tensor means = at::empty_like(sorted);
  for (std::int64_t i = 0; i < modes; ++i) {
    // A neighbourhood that widens with the wavenumber: large scales differ much, small ones little.
    const std::int64_t reach = std::max<std::int64_t>(1, i / 8);
    const std::int64_t first = std::max<std::int64_t>(0, i - reach), last = std::min(modes, i + reach + 1);
    means.select(3, i).copy_((before.select(3, last) - before.select(3, first)) /
                             static_cast<double>(last - first));
  }
  at::Tensor target = at::empty_like(sorted);
  target.index_copy_(3, index, means);
  return target.reshape(covariance.sizes());
}

GaussianLikelihood gaussian_likelihood(const at::Tensor& prior, const at::Tensor& observed) {
  const auto modes = prior.size(3), channels = prior.size(0) * prior.size(1);
  double log_determinant = 0, square = 0;
  for (std::int64_t first = 0; first < modes; first += kCovarianceModesAtOnce) {
    const auto some = std::min(kCovarianceModesAtOnce, modes - first);
    const auto [values, vectors] = at::linalg_eigh(window_covariance(prior.narrow(3, first, some)), "L");
    const at::Tensor variance = values.clamp_min(0) + kSeenNoiseVariance;
    const at::Tensor seen = window_covariance(observed.narrow(3, first, some));
    // Diagonal of U^T observed U: the observed variance along each eigenvector.
    const at::Tensor along = (at::bmm(seen, vectors) * vectors).sum(1) + kSeenNoiseVariance;
    log_determinant += variance.log().sum().item<double>();
    square += (along / variance).sum().item<double>();
  }
  const auto count = static_cast<double>(modes * channels);
  return {-0.5 * (std::log(2 * std::numbers::pi) + (log_determinant + square) / count), square / count};
}

}  // namespace foehn::model

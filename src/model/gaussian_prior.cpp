#include "foehn/model/gaussian_prior.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

// Modes treated at once where matrices [mode, channel, channel] in float64 are needed.
constexpr std::int64_t kModesAtOnce = 1024;

/// The channels in which one window on the host holds anything but zeros: of a cotangent, few. On a device,
/// where to look would take longer, and of many windows, all.
std::vector<std::int64_t> channels_with_values(const at::Tensor& windows) {
  std::vector<std::int64_t> channels(static_cast<std::size_t>(windows.size(1)));
  std::iota(channels.begin(), channels.end(), 0);
  if (!windows.device().is_cpu() || windows.size(0) != 1) return channels;
  const at::Tensor has_values = windows[0].flatten(1).ne(0).any(1);
  const bool* has = has_values.data_ptr<bool>();
  std::erase_if(channels, [&](std::int64_t channel) { return !has[channel]; });
  return channels;
}

}  // namespace

at::Tensor cosine_transform(std::int64_t size) {
  at::Tensor matrix = at::empty({size, size}, at::kDouble);
  const auto n = static_cast<double>(size);
  double* element = matrix.data_ptr<double>();
  for (std::int64_t k = 0; k < size; ++k)
    for (std::int64_t i = 0; i < size; ++i)
      *element++ = std::sqrt((k == 0 ? 1 : 2) / n) *
                   std::cos(std::numbers::pi * (static_cast<double>(i) + 0.5) * static_cast<double>(k) / n);
  return matrix;
}

at::Tensor window_covariance(const at::Tensor& lag_covariance) {
  const auto hours = lag_covariance.size(0), variables = lag_covariance.size(1),
             modes = lag_covariance.size(3);
  const at::Tensor by_mode = lag_covariance.permute({3, 0, 1, 2});  // [mode, lag, a, b]
  at::Tensor covariance = at::empty({modes, hours, variables, hours, variables}, lag_covariance.options());
  for (std::int64_t i = 0; i < hours; ++i) {
    for (std::int64_t j = i; j < hours; ++j) {
      const at::Tensor block = by_mode.select(1, j - i);
      covariance.select(3, j).select(1, i).copy_(block);                  // Cov(a at i, b at j)
      covariance.select(3, i).select(1, j).copy_(block.transpose(1, 2));  // Cov(a at j, b at i)
    }
  }
  const at::Tensor matrix = covariance.reshape({modes, hours * variables, hours * variables});
  return (matrix + matrix.transpose(1, 2)) / 2;  // an estimate's lag 0 is symmetric only to rounding
}

GaussianPrior::GaussianPrior(const at::Tensor& lag_covariance, const at::TensorOptions& options,
                             std::optional<std::int64_t> windows_at_once)
    : window_hours_(lag_covariance.size(0)),
      ny_(lag_covariance.size(3)),
      nx_(lag_covariance.size(4)),
      windows_at_once_(windows_at_once.value_or(
          options.device().is_cpu() ? 1 : std::numeric_limits<std::int64_t>::max())) {
  transform_y_ = cosine_transform(ny_).to(options);
  transform_x_ = cosine_transform(nx_).to(options);
  const at::Tensor modes = lag_covariance.flatten(3);
  const auto count = modes.size(3), channels = window_hours_ * lag_covariance.size(1);
  eigenvectors_ = at::empty({count, channels, channels}, options);
  eigenvalues_ = at::empty({count, channels}, options.dtype(at::kDouble));
  for (std::int64_t first = 0; first < count; first += kModesAtOnce) {
    const auto some = std::min(kModesAtOnce, count - first);
    const auto [values, vectors] = at::linalg_eigh(window_covariance(modes.narrow(3, first, some)), "L");
    // An estimate is positive only to rounding; a variance below zero means none.
    eigenvalues_.narrow(0, first, some).copy_(values.clamp_min(0));
    eigenvectors_.narrow(0, first, some).copy_(vectors);
  }
}

double GaussianPrior::posterior_deviation(const diffusion::NoiseLevel& level) const {
  const double noise = level.sigma * level.sigma;
  return (eigenvalues_ * noise / (eigenvalues_ * (level.mu * level.mu) + noise)).mean().sqrt().item<double>();
}

void GaussianPrior::prepare(const diffusion::NoiseLevel& level) {
  if (level_.mu == level.mu && level_.sigma == level.sigma) return;
  const auto count = eigenvectors_.size(0), channels = eigenvectors_.size(1);
  if (!operator_.defined()) operator_ = at::empty({channels, channels, count}, eigenvectors_.options());
  const at::Tensor shrinkage =
      (level.sigma / (eigenvalues_ * (level.mu * level.mu) + level.sigma * level.sigma))
          .to(eigenvectors_.options());
  for (std::int64_t first = 0; first < count; first += kModesAtOnce) {
    const auto some = std::min(kModesAtOnce, count - first);
    const at::Tensor vectors = eigenvectors_.narrow(0, first, some);
    const at::Tensor matrices =
        at::bmm(vectors * shrinkage.narrow(0, first, some).unsqueeze(1), vectors.transpose(1, 2));
    operator_.narrow(2, first, some).copy_(matrices.permute({2, 1, 0}));
  }
  level_ = level;
}

at::Tensor GaussianPrior::noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                                    const at::Tensor& cotangent) {
  return noise_estimate({cotangent, noisy.first_hours}, level);
}

at::Tensor GaussianPrior::noise_estimate(const diffusion::Windows& noisy,
                                         const diffusion::NoiseLevel& level) {
  const auto channels = eigenvectors_.size(1);
  const at::Tensor& fields = noisy.fields;
  if (fields.dim() != 4 || fields.size(1) != channels || fields.size(2) != ny_ || fields.size(3) != nx_)
    throw core::Error(fmt::format("the Gaussian prior expects windows of {} x {} x {} (channel, y, x)",
                                  channels, ny_, nx_));
  prepare(level);
  at::Tensor eps = at::empty_like(fields);
  for (std::int64_t first = 0; first < fields.size(0); first += windows_at_once_) {
    const std::int64_t some = std::min(windows_at_once_, fields.size(0) - first);
    const at::Tensor windows = fields.narrow(0, first, some);
    const std::vector<std::int64_t> seen = channels_with_values(windows);
    const bool sees_all = static_cast<std::int64_t>(seen.size()) == channels;
    const at::Tensor chosen = sees_all ? windows : windows.index_select(1, at::tensor(seen, at::kLong));
    const at::Tensor spectrum = at::matmul(transform_y_, at::matmul(chosen, transform_x_.t()))
                                    .flatten(2);  // [window, channel seen, mode]
    at::Tensor estimate = at::zeros({some, channels, ny_ * nx_}, spectrum.options());
    for (std::size_t i = 0; i < seen.size(); ++i)
      estimate.addcmul_(operator_.select(0, seen[i]), spectrum.narrow(1, static_cast<std::int64_t>(i), 1));
    const at::Tensor field = estimate.reshape({some, channels, ny_, nx_});
    eps.narrow(0, first, some).copy_(at::matmul(transform_y_.t(), at::matmul(field, transform_x_)));
  }
  return eps;
}

}  // namespace foehn::model

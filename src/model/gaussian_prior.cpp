#include "foehn/model/gaussian_prior.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>
#include <numeric>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/device/waiting.hpp"
#include "model/mode_matrices.hpp"

namespace foehn::model {

namespace {

// Modes treated at once where matrices [mode, channel, channel] in float64 are needed.
constexpr std::int64_t kModesAtOnce = 64 * ModeMatrices::kModesPerBlock;

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
                             std::optional<bool> together)
    : window_hours_(lag_covariance.size(0)),
      ny_(lag_covariance.size(3)),
      nx_(lag_covariance.size(4)),
      together_(together.value_or(!options.device().is_cpu())) {
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

GaussianPrior::GaussianPrior(GaussianPrior&&) noexcept = default;
GaussianPrior& GaussianPrior::operator=(GaussianPrior&&) noexcept = default;
GaussianPrior::~GaussianPrior() = default;

double GaussianPrior::posterior_deviation(const diffusion::NoiseLevel& level) {
  prepare(level, product_);
  return posterior_deviation_;
}

double GaussianPrior::unknown(double mu, double sigma) const {
  const at::Tensor seen = eigenvalues_ * (mu * mu) + sigma * sigma;
  return device::to_host((eigenvalues_ * (sigma * sigma) / seen).mean().sqrt()).item<double>();
}

std::vector<double> GaussianPrior::unknown_of_variables(double mu, double sigma) const {
  const at::Tensor left = eigenvalues_ * (sigma * sigma) / (eigenvalues_ * (mu * mu) + sigma * sigma);
  const std::int64_t modes = left.size(0), channels = left.size(1);
  at::Tensor sum = at::zeros({channels}, left.options());
  for (std::int64_t first = 0; first < modes; first += kModesAtOnce) {
    const auto some = std::min(kModesAtOnce, modes - first);
    sum.add_((eigenvectors_.narrow(0, first, some).to(at::kDouble).square() *
              left.narrow(0, first, some).unsqueeze(1))
                 .sum(at::IntArrayRef{0, 2}));
  }
  const at::Tensor deviations =
      device::to_host((sum / static_cast<double>(modes)).reshape({window_hours_, -1}).mean(0).sqrt());
  return {deviations.data_ptr<double>(), deviations.data_ptr<double>() + deviations.numel()};
}

void GaussianPrior::prepare(const diffusion::NoiseLevel& level, Product product) {
  if (level_.mu == level.mu && level_.sigma == level.sigma && product_ == product) return;
  posterior_deviation_ = unknown(level.mu, level.sigma);
  const at::Tensor seen = eigenvalues_ * (level.mu * level.mu) + level.sigma * level.sigma;
  const at::Tensor shrinkage =
      (product == Product::noise ? level.sigma / seen : eigenvalues_ * level.mu / seen)
          .to(eigenvectors_.options());
  const auto count = eigenvectors_.size(0);
  if (!matrices_)
    matrices_ = std::make_unique<ModeMatrices>(count, eigenvectors_.size(1), eigenvectors_.options());
  for (std::int64_t first = 0; first < count; first += kModesAtOnce) {
    const auto some = std::min(kModesAtOnce, count - first);
    const at::Tensor vectors = eigenvectors_.narrow(0, first, some);
    matrices_->set(first,
                   at::bmm(vectors * shrinkage.narrow(0, first, some).unsqueeze(1), vectors.transpose(1, 2)));
  }
  level_ = level;
  product_ = product;
}

template <class Multiply>
at::Tensor GaussianPrior::estimate(const at::Tensor& fields, const diffusion::NoiseLevel& level,
                                   Multiply&& multiply) {
  check_windows(fields);
  const at::ScalarType own = eigenvectors_.scalar_type();
  if (fields.scalar_type() == own) {
    prepare(level, Product::noise);
    return multiply(fields);
  }
  prepare(level, Product::clean);
  const at::Tensor clean = multiply(fields.to(own));
  return (fields - clean.to(fields.scalar_type()) * level.mu).div_(level.sigma);
}

at::Tensor GaussianPrior::noise_estimate(const diffusion::Windows& noisy,
                                         const diffusion::NoiseLevel& level) {
  return estimate(noisy.fields, level, [this](const at::Tensor& fields) {
    if (together_) return estimate_together(fields);
    const std::vector<Channels> channels(static_cast<std::size_t>(fields.size(0)), all_channels());
    return estimate_one_by_one(fields, channels);
  });
}

at::Tensor GaussianPrior::noise_vjp(const diffusion::Windows&, const diffusion::NoiseLevel& level,
                                    const at::Tensor& cotangent) {
  return estimate(cotangent, level, [this](const at::Tensor& fields) {
    return together_ ? estimate_together(fields) : estimate_one_by_one(fields, channels_with_values(fields));
  });
}

void GaussianPrior::check_windows(const at::Tensor& windows) const {
  const auto channels = eigenvectors_.size(1);
  if (windows.dim() != 4 || windows.size(1) != channels || windows.size(2) != ny_ || windows.size(3) != nx_)
    throw core::Error(fmt::format("the Gaussian prior expects windows of {} x {} x {} (channel, y, x)",
                                  channels, ny_, nx_));
}

std::vector<GaussianPrior::Channels> GaussianPrior::channels_with_values(const at::Tensor& windows) {
  const at::Tensor has_values = windows.flatten(2).ne(0).any(2).to(at::kCPU);
  const bool* has = has_values.data_ptr<bool>();
  std::vector<Channels> channels(static_cast<std::size_t>(windows.size(0)));
  for (Channels& of_window : channels)
    for (std::int64_t channel = 0; channel < has_values.size(1); ++channel)
      if (*has++) of_window.push_back(channel);
  return channels;
}

GaussianPrior::Channels GaussianPrior::all_channels() const {
  Channels all(static_cast<std::size_t>(eigenvectors_.size(1)));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

at::Tensor GaussianPrior::draw(const at::Tensor& white) const {
  check_windows(white.unsqueeze(0));
  const at::Tensor sizes = eigenvalues_.sqrt().to(eigenvectors_.options());  // [mode, eigenvector]
  const at::Tensor of_modes = white.flatten(1).t() * sizes;
  const at::Tensor spectra = at::bmm(eigenvectors_, of_modes.unsqueeze(2)).squeeze(2);  // [mode, channel]
  return fields_of(spectra.t());
}

at::Tensor GaussianPrior::spectra_of(const at::Tensor& fields) const {
  const auto count = fields.size(0);
  const at::Tensor along_x = at::mm(fields.reshape({count * ny_, nx_}), transform_x_.t());
  return at::bmm(transform_y_.expand({count, ny_, ny_}), along_x.reshape({count, ny_, nx_})).flatten(1);
}

at::Tensor GaussianPrior::fields_of(const at::Tensor& spectra) const {
  const auto count = spectra.size(0);
  const at::Tensor along_x = at::mm(spectra.reshape({count * ny_, nx_}), transform_x_);
  return at::bmm(transform_y_.t().expand({count, ny_, ny_}), along_x.reshape({count, ny_, nx_}));
}

at::Tensor GaussianPrior::estimate_together(const at::Tensor& windows) const {
  const auto count = windows.size(0), size = windows.size(1);
  const at::Tensor spectra = spectra_of(windows.flatten(0, 1)).reshape({count, size, ny_ * nx_});
  return fields_of(matrices_->product(spectra, all_channels()).flatten(0, 1)).reshape(windows.sizes());
}

at::Tensor GaussianPrior::estimate_one_by_one(const at::Tensor& windows,
                                              const std::vector<Channels>& channels) const {
  const auto count = windows.size(0), size = windows.size(1);
  at::Tensor spectra = at::zeros({count, size, ny_ * nx_}, windows.options());
  Channels of_any;
  for (std::int64_t i = 0; i < count; ++i) {
    const Channels& seen = channels[static_cast<std::size_t>(i)];
    if (static_cast<std::int64_t>(seen.size()) == size) {
      spectra.select(0, i).copy_(spectra_of(windows.select(0, i)));
    } else if (!seen.empty()) {
      const at::Tensor index = at::tensor(seen, at::kLong);
      spectra.select(0, i).index_copy_(0, index, spectra_of(windows.select(0, i).index_select(0, index)));
    }
    Channels united;
    std::set_union(of_any.begin(), of_any.end(), seen.begin(), seen.end(), std::back_inserter(united));
    of_any = std::move(united);
  }
  const at::Tensor products = matrices_->product(spectra, of_any);
  at::Tensor eps = at::empty_like(windows);
  for (std::int64_t i = 0; i < count; ++i) eps.select(0, i).copy_(fields_of(products.select(0, i)));
  return eps;
}

}  // namespace foehn::model

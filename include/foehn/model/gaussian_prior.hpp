#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "foehn/diffusion/window_denoiser.hpp"

namespace foehn::model {

class ModeMatrices;

/// A Gaussian prior with an exact window score.
///
/// Fields are stationary in time and diagonal in a two-dimensional cosine transform (DCT-II, orthonormal) in
/// space; for every spatial mode the covariance S between the window's hours and variables is full. With S =
/// U diag(lambda) U^T, noise at (mu, sigma) is estimated by a shrinkage in each mode's eigenbasis,
///   eps = U diag(sigma / (mu^2 lambda + sigma^2)) U^T x,
/// which is (x - mu x_hat)/sigma with x_hat = mu S (mu^2 S + sigma^2 I)^-1 x. Fields of a wider type than the
/// prior's, which come at high noise, get the latter: x_hat as precise as the prior, and eps as the fields.
class GaussianPrior : public diffusion::WindowDenoiser {
 public:
  /// @param lag_covariance  [lag, variable a, variable b, y, x] over spatial modes: Cov(a at h, b at h +
  ///                        lag) for lags 0 to window - 1;
  ///                        normalised, float64, on the host
  /// @param options         type (float32 or float64) and device of the fields to come
  /// @param together        whether one product spans all windows of a call. Default: on a device; on the
  ///                        host products' bits depend on their size, and larger ones are no faster
  GaussianPrior(const at::Tensor& lag_covariance, const at::TensorOptions& options,
                std::optional<bool> together = {});
  GaussianPrior(GaussianPrior&&) noexcept;
  GaussianPrior& operator=(GaussianPrior&&) noexcept;
  ~GaussianPrior() override;

  std::int64_t window_hours() const { return window_hours_; }
  /// {hour*variable, y, x}
  std::vector<std::int64_t> window_shape() const { return {eigenvalues_.size(1), ny_, nx_}; }

  /// Root-mean-square deviation of what the posterior of one window leaves open at a noise level, over all
  /// its values: the mean of lambda sigma^2 / (mu^2 lambda + sigma^2) over modes and eigenvectors,
  /// square-rooted.
  double posterior_deviation(const diffusion::NoiseLevel& level);
  /// The same, without preparing for estimates at that level.
  double unknown(double mu, double sigma) const;
  /// The same of each variable.
  std::vector<double> unknown_of_variables(double mu, double sigma) const;
  /// A window drawn from the prior.
  /// @param white  standard normal, [hour*variable, y, x], of the prior's type and device
  /// @return       the same shape
  at::Tensor draw(const at::Tensor& white) const;
  bool is_linear() const override { return true; }
  bool needs_full_batches() const override { return together_; }
  /// @param noisy  [window, hour*variable, y, x], of any hours: the prior is stationary
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  /// The estimate is linear and symmetric, so that the product is the estimate of `cotangent`. On the
  /// host, channels in which all of its windows are zero are left out.
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  using Channels = std::vector<std::int64_t>;  // rising

  void check_windows(const at::Tensor& windows) const;
  /// What takes a window's modes to those of its noise, or of the clean window.
  enum class Product { noise, clean };
  void prepare(const diffusion::NoiseLevel& level, Product product);
  /// The estimate for fields, or a derivative's product with a cotangent, of any type.
  /// @param multiply  by the matrices that are prepared
  template <class Multiply>
  at::Tensor estimate(const at::Tensor& fields, const diffusion::NoiseLevel& level, Multiply&& multiply);
  Channels all_channels() const;
  static std::vector<Channels> channels_with_values(const at::Tensor& windows);
  at::Tensor estimate_together(const at::Tensor& windows) const;
  /// @param channels  of each window, those that may hold anything but zeros
  at::Tensor estimate_one_by_one(const at::Tensor& windows, const std::vector<Channels>& channels) const;
  at::Tensor spectra_of(const at::Tensor& fields) const;  // [field, y, x] to [field, mode]
  at::Tensor fields_of(const at::Tensor& spectra) const;  // and back

  std::int64_t window_hours_, ny_, nx_;
  bool together_;
  at::Tensor transform_y_, transform_x_;    // orthonormal DCT-II, [wavenumber, cell]
  at::Tensor eigenvectors_, eigenvalues_;   // [mode, channel, eigenvector], [mode, eigenvector]
  std::unique_ptr<ModeMatrices> matrices_;  // of level_ and product_; null until the first estimate
  double posterior_deviation_ = 0;          // of level_
  diffusion::NoiseLevel level_{-1, 0, 0};
  Product product_ = Product::noise;
};

/// The covariance matrix of a window for each spatial mode, from the covariance by lag.
/// @param lag_covariance  [lag, variable, variable, mode]
/// @return                [mode, hour*variable, hour*variable], symmetric
at::Tensor window_covariance(const at::Tensor& lag_covariance);

/// The orthonormal DCT-II as a matrix [wavenumber, cell], float64:
/// sqrt((k == 0 ? 1 : 2) / n) cos(pi (i + 1/2) k / n).
at::Tensor cosine_transform(std::int64_t size);

}  // namespace foehn::model

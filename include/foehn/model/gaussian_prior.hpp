#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "foehn/diffusion/window_denoiser.hpp"

namespace foehn::model {

/// A Gaussian prior with an exact window score.
///
/// Fields are stationary in time and diagonal in a two-dimensional cosine transform (DCT-II, orthonormal) in
/// space; for every spatial mode the covariance S between the window's hours and variables is full. With S =
/// U diag(lambda) U^T, noise at (mu, sigma) is estimated by a shrinkage in each mode's eigenbasis,
///   eps = U diag(sigma / (mu^2 lambda + sigma^2)) U^T x,
/// which is (x - mu x_hat)/sigma with x_hat = mu S (mu^2 S + sigma^2 I)^-1 x.
class GaussianPrior : public diffusion::WindowDenoiser {
 public:
  /// @param lag_covariance  [lag, variable a, variable b, y, x] over spatial modes: Cov(a at h, b at h + lag)
  /// for lags
  ///                        0 to window - 1; normalised, float64, on the host
  /// @param options         type and device of the fields to come
  /// @param windows_at_once windows in one product. Default: on the host one, since there a product's bits
  /// depend on its
  ///                        size, and more are no faster; on a device all there are
  GaussianPrior(const at::Tensor& lag_covariance, const at::TensorOptions& options,
                std::optional<std::int64_t> windows_at_once = {});

  std::int64_t window_hours() const { return window_hours_; }

  /// Root-mean-square deviation of what the posterior of one window leaves open at a noise level, over all
  /// its values: the mean of lambda sigma^2 / (mu^2 lambda + sigma^2) over modes and eigenvectors,
  /// square-rooted.
  double posterior_deviation(const diffusion::NoiseLevel& level) const;
  bool needs_full_batches() const override { return windows_at_once_ != 1; }
  /// @param noisy  [window, hour*variable, y, x], of any hours: the prior is stationary
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  /// The estimate is linear and symmetric, so that the product is the estimate of `cotangent`.
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  void prepare(const diffusion::NoiseLevel& level);

  std::int64_t window_hours_, ny_, nx_;
  std::int64_t windows_at_once_;
  at::Tensor transform_y_, transform_x_;   // orthonormal DCT-II, [wavenumber, cell]
  at::Tensor eigenvectors_, eigenvalues_;  // [mode, channel, eigenvector], [mode, eigenvector]
  at::Tensor operator_;                    // at level_: [channel in, channel out, mode]
  diffusion::NoiseLevel level_{-1, 0, 0};
};

/// The covariance matrix of a window for each spatial mode, from the covariance by lag.
/// @param lag_covariance  [lag, variable, variable, mode]
/// @return                [mode, hour*variable, hour*variable], symmetric
at::Tensor window_covariance(const at::Tensor& lag_covariance);

/// The orthonormal DCT-II as a matrix [wavenumber, cell], float64:
/// sqrt((k == 0 ? 1 : 2) / n) cos(pi (i + 1/2) k / n).
at::Tensor cosine_transform(std::int64_t size);

}  // namespace foehn::model

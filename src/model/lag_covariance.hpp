#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <deque>

namespace foehn::model {

/// Sums, for every spatial mode, the products of fields that lie 0 to window - 1 steps apart.
class LagCovarianceEstimator {
 public:
  LagCovarianceEstimator(std::int64_t window, std::int64_t variables, std::int64_t modes);

  /// @param spectrum  the next instant, [variable, mode], float64
  void add(const at::Tensor& spectrum);
  std::int64_t count() const { return count_; }
  /// Cov(a at h, b at h + lag), [lag, variable a, variable b, mode]. All lags are divided by the number of
  /// instants, which keeps windows' covariances positive (the biased estimate).
  at::Tensor estimate() const;
  /// The same, each lag divided by its number of pairs: for the mean of a quadratic form over windows.
  at::Tensor unbiased_estimate() const;
  /// The root-mean-square anomaly of each variable over cells and instants: the transform is orthonormal.
  at::Tensor root_mean_square() const;

 private:
  std::int64_t window_;
  at::Tensor sums_;
  at::Tensor pairs_;               // [lag]
  std::deque<at::Tensor> recent_;  // newest first
  std::int64_t count_ = 0;
};

/// For every mode, the mean covariance over the modes nearest to it in order of wavenumber: an isotropic
/// target.
/// @param covariance  [lag, variable, variable, y, x] over modes of a grid
at::Tensor isotropic_mean(const at::Tensor& covariance);

/// How likely anomalies are under a prior.
struct GaussianLikelihood {
  double log_likelihood = 0;     ///< mean of a value in a window, nats
  double normalised_square = 0;  ///< mean of x^T S^-1 x a value
};

/// The mean likelihood of windows whose covariance by lag is `observed` under a prior of covariance by lag
/// `prior` (both [lag, variable, variable, mode]). Both are seen with noise of a hundredth of a standard
/// deviation, so that the rounding of packed data does not decide.
GaussianLikelihood gaussian_likelihood(const at::Tensor& prior, const at::Tensor& observed);

}  // namespace foehn::model

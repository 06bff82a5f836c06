#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"

namespace foehn::diffusion {

/// Windows of a trajectory, and where in it they lie.
struct Windows {
  /// [window, hour*variable, ...], hours slowest, then the cells as in an hour of the trajectory; normalised.
  at::Tensor fields;
  /// The hour of the trajectory at which each window begins; in training, of the record.
  std::vector<std::int64_t> first_hours;
};

/// Estimates the noise in windows of noisy fields: eps = (x_t - mu x_hat)/sigma with x_hat = E[x_0 | x_t].
/// Priors are WindowDenoisers; TrajectoryDenoisers are composed of them.
class WindowDenoiser {
 public:
  virtual ~WindowDenoiser() = default;

  /// @param noisy  a window's estimate may depend on the hour at which it begins, but on no other window
  /// @param level  noise level, the same for all
  /// @return       estimated noise; shape, type and device of `noisy.fields`. A new tensor, the caller's to
  ///               change
  virtual at::Tensor noise_estimate(const Windows& noisy, const NoiseLevel& level) = 0;

  /// The vector-Jacobian product of noise_estimate: J^T cotangent with J = d eps / d noisy.fields.
  ///
  /// @param cotangent  shape, type and device of `noisy.fields`
  /// @return           the same shape; a new tensor without autograd state, the caller's to change
  virtual at::Tensor noise_vjp(const Windows& noisy, const NoiseLevel& level,
                               const at::Tensor& cotangent) = 0;

  /// Whether the estimate is linear in the fields: noise_vjp does not look at them then, and may be given
  /// none.
  virtual bool is_linear() const { return false; }

  /// Whether the bits of a window's estimate depend on how many windows a call has, so that all calls must
  /// have as many.
  virtual bool needs_full_batches() const { return true; }
};

}  // namespace foehn::diffusion

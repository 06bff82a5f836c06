#pragma once

#include <ATen/core/Tensor.h>

#include "foehn/diffusion/noise_level.hpp"

namespace foehn::diffusion {

/// Estimates the noise in noisy fields: eps = (x_t - mu x_hat)/sigma with x_hat = E[x_0 | x_t].
///
/// A prior is a Denoiser of windows; a composed denoiser makes one of slabs from it; guidance makes a
/// posterior one.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  /// @param noisy  normalised fields: windows [window, hour*variable, y, x] with hours slowest, or a slab
  ///               [hour, variable, y, x]; the implementation says which
  /// @param level  noise level, the same for all
  /// @return       estimated noise; shape, type and device of `noisy`. A new tensor, the caller's to change
  virtual at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) = 0;

  /// Whether the bits of a window's estimate depend on how many windows a call has, so that all calls must
  /// have as many.
  virtual bool needs_full_batches() const { return true; }
};

/// A Denoiser that can be differentiated: priors, and what is composed of them. Guidance by gradients needs
/// one.
class DifferentiableDenoiser : public Denoiser {
 public:
  /// The vector-Jacobian product of noise_estimate: J^T cotangent with J = d eps / d noisy.
  ///
  /// @param cotangent  shape, type and device of `noisy`
  /// @return           the same shape; a new tensor without autograd state, the caller's to change
  virtual at::Tensor noise_vjp(const at::Tensor& noisy, const NoiseLevel& level,
                               const at::Tensor& cotangent) = 0;
};

}  // namespace foehn::diffusion

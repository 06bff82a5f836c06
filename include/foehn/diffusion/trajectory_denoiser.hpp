#pragma once

#include <ATen/core/Tensor.h>

#include "foehn/diffusion/noise_level.hpp"

namespace foehn::diffusion {

/// Estimates the noise in a noisy trajectory, of which each rank of a team holds a slab: eps = (x_t - mu
/// x_hat)/sigma with x_hat = E[x_0 | x_t]. Samplers follow one; it is composed of a WindowDenoiser, and
/// guidance makes a posterior one of that.
class TrajectoryDenoiser {
 public:
  virtual ~TrajectoryDenoiser() = default;

  /// @param noisy  this rank's slab, [hour, variable, ...], normalised; may have no hours, but has the
  ///               trailing shape of the others
  /// @param level  noise level; equal on every rank of the team
  /// @return       estimated noise; shape, type and device of `noisy`. A new tensor, the caller's to change
  /// @note Collective over the team.
  virtual at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) = 0;
};

/// A TrajectoryDenoiser that can be differentiated. Guidance by gradients needs one.
class DifferentiableTrajectoryDenoiser : public TrajectoryDenoiser {
 public:
  /// The vector-Jacobian product of noise_estimate over the whole trajectory: J^T cotangent with
  /// J = d eps / d noisy.
  ///
  /// @param cotangent  of this rank's slab; shape, type and device of `noisy`
  /// @return           the same shape; a new tensor without autograd state, the caller's to change
  /// @note Collective over the team.
  virtual at::Tensor noise_vjp(const at::Tensor& noisy, const NoiseLevel& level,
                               const at::Tensor& cotangent) = 0;
};

}  // namespace foehn::diffusion

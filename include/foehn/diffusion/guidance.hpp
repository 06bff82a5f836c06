#pragma once

#include "foehn/diffusion/denoiser.hpp"
#include "foehn/observation/block_mean_snapshots.hpp"

namespace foehn::diffusion {

/// Conditions a denoiser of slabs on coarse observations of the clean trajectory, without gradients (`sda`).
///
/// Returns eps - (sigma/mu) A^T[(y - A x_hat) / (R + gamma (sigma/mu)^2)], x_hat = (x - sigma eps)/mu.
/// Source: Schmidt et al. 2025, Supplement 6; Rozet & Louppe 2023 (gradient-free form).
/// A is local to the slab, so nothing is exchanged here beyond what the prior exchanges.
class SdaGuidance : public Denoiser {
 public:
  /// @param prior         denoiser of the slab; outlives this
  /// @param observations  the slab's own
  /// @param gamma         weight of the denoiser's error in observation space, not negative
  SdaGuidance(Denoiser& prior, observation::Observations observations, double gamma);

  /// @param noisy  the slab's hours, [hour, variable, y, x], normalised
  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override;

 private:
  Denoiser& prior_;
  observation::Observations observations_;
  double gamma_;
};

/// Conditions a denoiser of slabs on coarse observations, with the exact gradient of the likelihood
/// (`sda-exact`).
///
/// Returns eps - sigma grad_x log N(y; A(x_hat(x)), R + gamma (sigma/mu)^2). With q = (y - A x_hat) / (R +
/// gamma (sigma/mu)^2) and J = d eps/dx, that is eps - (sigma/mu) (A^T q - sigma J^T A^T q): one
/// vector-Jacobian product, through the network and across ranks. Source: Rozet & Louppe 2023, Eq. 13-15.
class SdaExactGuidance : public Denoiser {
 public:
  /// Parameters as of SdaGuidance.
  SdaExactGuidance(DifferentiableDenoiser& prior, observation::Observations observations, double gamma);

  /// @param noisy  the slab's hours, [hour, variable, y, x], normalised
  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override;

 private:
  DifferentiableDenoiser& prior_;
  observation::Observations observations_;
  double gamma_;
};

}  // namespace foehn::diffusion

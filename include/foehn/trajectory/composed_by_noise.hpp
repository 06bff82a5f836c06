#pragma once

#include "foehn/trajectory/composed_denoiser.hpp"

namespace foehn::trajectory {

/// Composes a denoiser of windows with one stride while the noise outweighs the signal by far,
/// log(mu/sigma) < -1, and with another from there on.
///
/// Under much noise an hour is known by its neighbours: a wide stride, which takes it from near a window's
/// border and so from the hours of one side, costs skill there. Under little noise its own values say most,
/// and few windows will do.
class ComposedByNoise : public diffusion::DifferentiableTrajectoryDenoiser {
 public:
  /// @param noisy, clear  the windows of the two; the other parameters as of ComposedDenoiser
  ComposedByNoise(diffusion::WindowDenoiser& windows, comm::Transport& transport,
                  const SlabPartition& partition, const WindowPlan& noisy, const WindowPlan& clear,
                  std::int64_t batch);

  /// Of both.
  ComposedDenoiser::Work work() const;

  /// As ComposedDenoiser's. @note Collective over the team.
  at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override;
  /// As ComposedDenoiser's. @note Collective over the team.
  at::Tensor noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  ComposedDenoiser& for_level(const diffusion::NoiseLevel& level);

  ComposedDenoiser noisy_, clear_;
};

}  // namespace foehn::trajectory

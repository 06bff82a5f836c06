#include "foehn/trajectory/composed_by_noise.hpp"

#include <numbers>

namespace foehn::trajectory {

ComposedByNoise::ComposedByNoise(diffusion::WindowDenoiser& windows, comm::Transport& transport,
                                 const SlabPartition& partition, const WindowPlan& noisy,
                                 const WindowPlan& clear, std::int64_t batch)
    : noisy_(windows, transport, partition, noisy, batch),
      clear_(windows, transport, partition, clear, batch) {}

ComposedDenoiser::Work ComposedByNoise::work() const {
  ComposedDenoiser::Work both = noisy_.work();
  both += clear_.work();
  return both;
}

at::Tensor ComposedByNoise::noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) {
  return for_level(level).noise_estimate(noisy, level);
}

at::Tensor ComposedByNoise::noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                                      const at::Tensor& cotangent) {
  return for_level(level).noise_vjp(noisy, level, cotangent);
}

ComposedDenoiser& ComposedByNoise::for_level(const diffusion::NoiseLevel& level) {
  return level.sigma > std::numbers::e * level.mu ? noisy_ : clear_;
}

}  // namespace foehn::trajectory

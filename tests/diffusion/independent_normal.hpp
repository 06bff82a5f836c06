#pragma once

#include <ATen/ATen.h>

#include <numeric>
#include <span>
#include <vector>

#include "foehn/diffusion/sampler.hpp"
#include "foehn/diffusion/trajectory_denoiser.hpp"

namespace foehn::diffusion {

/// The exact denoiser of independent normal values of one mean and standard deviation.
class IndependentNormal : public TrajectoryDenoiser {
 public:
  IndependentNormal(double mean, double std) : mean_(mean), variance_(std * std) {}
  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override {
    return (noisy - level.mu * mean_) *
           (level.sigma / (level.mu * level.mu * variance_ + level.sigma * level.sigma));
  }

 private:
  double mean_, variance_;
};

/// A trajectory of one rank, with these draws of noise.
inline Surroundings alone(const std::vector<at::Tensor>& draws) {
  Surroundings surroundings;
  surroundings.fill_noise = [&draws](at::Tensor& slab, std::uint32_t draw) { slab.copy_(draws.at(draw)); };
  surroundings.ordered_sum = [](std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  surroundings.trajectory_values = draws[0].numel();
  surroundings.pass_done = [](const SamplerState&) { return true; };
  return surroundings;
}

}  // namespace foehn::diffusion

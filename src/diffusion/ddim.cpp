#include "foehn/diffusion/ddim.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace foehn::diffusion {

namespace {

/// Mean of eps^2 over the trajectory: float64 sums an hour, each over one fixed shape, then added in the
/// order of hours.
double mean_square(const at::Tensor& eps, const Surroundings& surroundings) {
  std::vector<double> sums(static_cast<std::size_t>(eps.size(0)));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    const at::Tensor hour = eps.select(0, static_cast<std::int64_t>(i));
    sums[i] = hour.to(at::kDouble).square().sum().item<double>();
  }
  return surroundings.ordered_sum(sums) / static_cast<double>(surroundings.trajectory_values);
}

void correct(Denoiser& denoiser, const NoiseLevel& level, double tau, const Surroundings& surroundings,
             std::uint32_t draw, at::Tensor& slab) {
  at::Tensor eps = denoiser.noise_estimate(slab, level);
  const double delta = tau / mean_square(eps, surroundings);
  slab.sub_(eps.mul_(delta * level.sigma));
  at::Tensor& noise = eps;  // its memory serves again
  surroundings.fill_noise(noise, draw);
  slab.sub_(noise.mul_(std::sqrt(2 * delta) * level.sigma));
}

}  // namespace

void sample_ddim(Denoiser& denoiser, const VpCosine& schedule, const DdimOptions& options,
                 const Surroundings& surroundings, at::Tensor& slab) {
  std::uint32_t draw = 0;
  surroundings.fill_noise(slab, draw++);
  const auto steps = static_cast<double>(options.steps);
  NoiseLevel level = schedule.at(1);
  slab.mul_(level.sigma);
  for (std::int64_t step = 1; step <= options.steps; ++step) {
    const NoiseLevel next = schedule.at(1 - static_cast<double>(step) / steps);
    // mu' x_hat + sigma' eps, with x_hat = (x - sigma eps)/mu, gathered by x and eps.
    const double ratio = next.mu / level.mu;
    at::Tensor eps = denoiser.noise_estimate(slab, level);
    slab.mul_(ratio).add_(eps.mul_(next.sigma - ratio * level.sigma));
    level = next;
    for (std::int64_t i = 0; i < options.corrections; ++i)
      correct(denoiser, level, options.tau, surroundings, draw++, slab);
    surroundings.step_done();
  }
}

}  // namespace foehn::diffusion

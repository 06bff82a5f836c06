#include "foehn/diffusion/sampler.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "diffusion/sums.hpp"

namespace foehn::diffusion {

namespace {

void step_ddim(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, at::Tensor& slab) {
  // mu' x_hat + sigma' eps, gathered by x and eps.
  const double ratio = next.mu / level.mu;
  slab.mul_(ratio).add_(eps.mul_(next.sigma - ratio * level.sigma));
}

void step_dpmpp_2m(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, SamplerState& state) {
  const double h = std::log(next.mu / next.sigma) - std::log(level.mu / level.sigma);
  const double weight = -next.mu * std::expm1(-h);
  at::Tensor& slab = state.slab;
  // x_hat takes the place of eps.
  at::Tensor& clean = eps.mul_(-level.sigma).add_(slab).mul_(1 / level.mu);
  slab.mul_(next.sigma / level.sigma);
  if (!state.previous_clean.defined()) {
    add_scaled(slab, clean, weight);
  } else {
    const double extrapolation = h / (2 * state.previous_h);
    add_scaled(slab, clean, weight * (1 + extrapolation));
    slab.sub_(state.previous_clean.mul_(weight * extrapolation));
  }
  state.previous_clean = clean;
  state.previous_h = h;
}

/// From a level and the noise estimated there, which is used up, to the next level.
void step(Method method, const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps,
          SamplerState& state) {
  if (method == Method::ddim)
    step_ddim(level, next, eps, state.slab);
  else
    step_dpmpp_2m(level, next, eps, state);
}

void correct(TrajectoryDenoiser& denoiser, const NoiseLevel& level, double tau,
             const Surroundings& surroundings, std::uint32_t draw, at::Tensor& slab) {
  at::Tensor eps = denoiser.noise_estimate(slab, level);
  const double mean_square = sum_of_products(eps, eps, surroundings.ordered_sum) /
                             static_cast<double>(surroundings.trajectory_values);
  const double delta = tau / mean_square;
  slab.sub_(eps.mul_(delta * level.sigma));
  at::Tensor& noise = eps;  // its memory serves again
  surroundings.fill_noise(noise, draw);
  slab.sub_(noise.mul_(std::sqrt(2 * delta) * level.sigma));
}

}  // namespace

bool sample(TrajectoryDenoiser& denoiser, const VpCosine& schedule, const SamplerOptions& options,
            const Surroundings& surroundings, SamplerState& state) {
  const std::vector<NoiseLevel> levels =
      noise_levels(schedule, options.spacing, options.steps, options.t_first);
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  if (state.step == 0 && state.pass == 0) {
    surroundings.fill_noise(state.slab, state.draw++);
    state.slab.mul_(levels.front().sigma);
  }
  while (state.step < last) {
    const NoiseLevel& level = levels[static_cast<std::size_t>(state.step)];
    const NoiseLevel& next = levels[static_cast<std::size_t>(state.step) + 1];
    if (state.pass == 0) {
      at::Tensor eps = denoiser.noise_estimate(state.slab, level);
      step(options.method, level, next, eps, state);
    } else {
      correct(denoiser, next, options.tau, surroundings, state.draw++, state.slab);
    }
    if (++state.pass > options.corrections) {
      ++state.step;
      state.pass = 0;
    }
    if (!surroundings.pass_done(state)) return false;
  }
  return true;
}

}  // namespace foehn::diffusion

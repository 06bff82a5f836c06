#include "foehn/diffusion/sampler.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "diffusion/sums.hpp"

namespace foehn::diffusion {

namespace {

double noise_ratio(const NoiseLevel& level) {
  return level.sigma / level.mu;
}

at::Tensor estimate(TrajectoryDenoiser& denoiser, const at::Tensor& slab, const NoiseLevel& level) {
  return denoiser.noise_estimate(needs_float64(level) ? slab.to(at::kDouble) : slab, level);
}

void step_ddim(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, at::Tensor& slab) {
  // mu' x_hat + sigma' eps, gathered by x and eps.
  const double ratio = next.mu / level.mu;
  slab.mul_(ratio).add_(eps.mul_(next.sigma - ratio * level.sigma));
}

void step_dpmpp_2m(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, SamplerState& state) {
  if (next.sigma == 0) {
    // h is infinite: what has gone before counts for nothing, and x is x_hat.
    step_ddim(level, next, eps, state.slab);
    state.previous = at::Tensor();
    state.previous_h = 0;
    return;
  }
  const double h = std::log(next.mu / next.sigma) - std::log(level.mu / level.sigma);
  const double weight = -next.mu * std::expm1(-h);
  at::Tensor& slab = state.slab;
  // x_hat takes the place of eps.
  at::Tensor& clean = eps.mul_(-level.sigma).add_(slab).mul_(1 / level.mu);
  slab.mul_(next.sigma / level.sigma);
  if (!state.previous.defined()) {
    add_scaled(slab, clean, weight);
  } else {
    const double extrapolation = h / (2 * state.previous_h);
    add_scaled(slab, clean, weight * (1 + extrapolation));
    slab.sub_(state.previous.mul_(weight * extrapolation));
  }
  state.previous = clean.to(slab.scalar_type());
  state.previous_h = h;
}

/// The level that fresh noise takes a step's beginning to: at most the noisiest of VpCosine, whereas Edm's
/// noise has no end.
NoiseLevel churned_level(const Schedule& schedule, const SamplerOptions& options, const NoiseLevel& level) {
  const Churn& churn = options.churn;
  const double ratio = noise_ratio(level);
  if (churn.amount == 0 || ratio < churn.least || (churn.most && ratio > *churn.most)) return level;
  const double gamma = std::min(churn.amount / static_cast<double>(options.steps), std::numbers::sqrt2 - 1);
  double churned = ratio * (1 + gamma);
  if (schedule.vp_cosine() != nullptr) churned = std::min(churned, noise_ratio(schedule.noisiest()));
  return churned > ratio ? schedule.at_log_ratio(-std::log(churned)) : level;
}

void add_churn(const NoiseLevel& level, const NoiseLevel& churned, double inflation,
               const Surroundings& surroundings, SamplerState& state) {
  at::Tensor noise = at::empty_like(state.slab);
  surroundings.fill_noise(noise, state.draw++);
  const double from = noise_ratio(level), to = noise_ratio(churned);
  noise.mul_(churned.mu * std::sqrt(to * to - from * from) * inflation);
  state.slab.mul_(churned.mu / level.mu).add_(noise);
}

/// What a sampler is made of, but for its state.
struct Setting {
  TrajectoryDenoiser& denoiser;
  const Schedule& schedule;
  const SamplerOptions& options;
  const Surroundings& surroundings;
};

/// The first half of a step of heun, which is a step of ddim from the churned level, or the second.
void step_heun(const Setting& setting, const NoiseLevel& level, const NoiseLevel& next, SamplerState& state) {
  const NoiseLevel churned = churned_level(setting.schedule, setting.options, level);
  if (state.pass == 0) {
    if (churned.sigma != level.sigma)
      add_churn(level, churned, setting.options.churn.inflation, setting.surroundings, state);
    at::Tensor eps = estimate(setting.denoiser, state.slab, churned);
    state.previous = eps.to(state.slab.scalar_type(), false, true);
    step_ddim(churned, next, eps, state.slab);
    return;
  }
  if (next.sigma > 0) {
    at::Tensor change = estimate(setting.denoiser, state.slab, next);
    change.sub_(state.previous);
    state.slab.add_(change.mul_(next.mu / 2 * (noise_ratio(next) - noise_ratio(churned))));
  }
  state.previous = at::Tensor();
}

/// A pass on the way from a level to the next.
void step(const Setting& setting, const NoiseLevel& level, const NoiseLevel& next, SamplerState& state) {
  if (setting.options.method == Method::heun) {
    step_heun(setting, level, next, state);
    return;
  }
  at::Tensor eps = estimate(setting.denoiser, state.slab, level);
  if (setting.options.method == Method::ddim)
    step_ddim(level, next, eps, state.slab);
  else
    step_dpmpp_2m(level, next, eps, state);
}

void correct(const Setting& setting, const NoiseLevel& level, SamplerState& state) {
  const Surroundings& surroundings = setting.surroundings;
  at::Tensor& slab = state.slab;
  at::Tensor eps = estimate(setting.denoiser, slab, level);
  const double mean_square = sum_of_products(eps, eps, surroundings.ordered_sum) /
                             static_cast<double>(surroundings.trajectory_values);
  const double delta = setting.options.tau / mean_square;
  slab.sub_(eps.mul_(delta * level.sigma));
  // Its memory serves again, where its type is the slab's.
  at::Tensor noise = eps.scalar_type() == slab.scalar_type() ? eps : at::empty_like(slab);
  surroundings.fill_noise(noise, state.draw++);
  slab.sub_(noise.mul_(std::sqrt(2 * delta) * level.sigma));
}

std::int64_t evaluations_per_step(Method method) {
  return method == Method::heun ? 2 : 1;
}

}  // namespace

std::int64_t passes_per_step(const SamplerOptions& options) {
  return evaluations_per_step(options.method) + options.corrections;
}

bool sample(TrajectoryDenoiser& denoiser, const Schedule& schedule, const SamplerOptions& options,
            const Surroundings& surroundings, SamplerState& state) {
  const std::vector<NoiseLevel> levels =
      options.t_first ? noise_levels(schedule, options.spacing, options.steps, *options.t_first)
                      : noise_levels(schedule, options.spacing, options.steps);
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  const Setting setting{denoiser, schedule, options, surroundings};
  if (state.step == 0 && state.pass == 0) {
    surroundings.fill_noise(state.slab, state.draw++);
    state.slab.mul_(levels.front().sigma);
    if (surroundings.expected.defined()) state.slab.add_(surroundings.expected * levels.front().mu);
  }
  while (state.step < last) {
    const NoiseLevel& level = levels[static_cast<std::size_t>(state.step)];
    const NoiseLevel& next = levels[static_cast<std::size_t>(state.step) + 1];
    if (state.pass < evaluations_per_step(options.method))
      step(setting, level, next, state);
    else if (next.sigma > 0)
      correct(setting, next, state);
    if (++state.pass == passes_per_step(options)) {
      ++state.step;
      state.pass = 0;
    }
    if (!surroundings.pass_done(state)) return false;
  }
  return true;
}

}  // namespace foehn::diffusion

#include "foehn/diffusion/sampler.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "diffusion/sums.hpp"

namespace foehn::diffusion {

namespace {

/// One step of a method: from `slab` at a level and the noise estimated there to the next level.
class Integrator {
 public:
  explicit Integrator(Method method) : method_(method) {}

  /// @param eps  at `level`; used up
  void step(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, at::Tensor& slab) {
    if (method_ == Method::kDdim)
      step_ddim(level, next, eps, slab);
    else
      step_dpmpp_2m(level, next, eps, slab);
  }

 private:
  static void step_ddim(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, at::Tensor& slab) {
    // mu' x_hat + sigma' eps, gathered by x and eps.
    const double ratio = next.mu / level.mu;
    slab.mul_(ratio).add_(eps.mul_(next.sigma - ratio * level.sigma));
  }

  void step_dpmpp_2m(const NoiseLevel& level, const NoiseLevel& next, at::Tensor& eps, at::Tensor& slab) {
    const double h = std::log(next.mu / next.sigma) - std::log(level.mu / level.sigma);
    const double weight = -next.mu * std::expm1(-h);
    // x_hat takes the place of eps.
    at::Tensor& clean = eps.mul_(-level.sigma).add_(slab).mul_(1 / level.mu);
    slab.mul_(next.sigma / level.sigma);
    if (!previous_.defined()) {
      add_scaled(slab, clean, weight);
    } else {
      const double extrapolation = h / (2 * previous_h_);
      add_scaled(slab, clean, weight * (1 + extrapolation));
      slab.sub_(previous_.mul_(weight * extrapolation));
    }
    previous_ = clean;
    previous_h_ = h;
  }

  Method method_;
  at::Tensor previous_;  // x_hat of the step before
  double previous_h_ = 0;
};

void correct(Denoiser& denoiser, const NoiseLevel& level, double tau, const Surroundings& surroundings,
             std::uint32_t draw, at::Tensor& slab) {
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

void sample(Denoiser& denoiser, const VpCosine& schedule, const SamplerOptions& options,
            const Surroundings& surroundings, at::Tensor& slab) {
  const std::vector<NoiseLevel> levels = noise_levels(schedule, options.spacing, options.steps);
  Integrator integrator(options.method);
  std::uint32_t draw = 0;
  surroundings.fill_noise(slab, draw++);
  slab.mul_(levels.front().sigma);
  for (std::size_t step = 1; step < levels.size(); ++step) {
    const NoiseLevel& next = levels[step];
    at::Tensor eps = denoiser.noise_estimate(slab, levels[step - 1]);
    integrator.step(levels[step - 1], next, eps, slab);
    for (std::int64_t i = 0; i < options.corrections; ++i)
      correct(denoiser, next, options.tau, surroundings, draw++, slab);
    surroundings.step_done();
  }
}

}  // namespace foehn::diffusion

#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>

#include <utility>

#include "diffusion/observation_space.hpp"
#include "diffusion/sda.hpp"

namespace foehn::diffusion {

namespace {

using observation::Observations;
using observation::SlabObservations;

/// (y - A x_hat) / (R + gamma (sigma/mu)^2) of one observation.
at::Tensor weighted_misfit(const SlabObservations& set, std::int64_t i, const at::Tensor& noisy,
                           const at::Tensor& eps, const NoiseLevel& level, std::optional<double> gamma) {
  const double ratio = level.sigma / level.mu;
  const at::Tensor weight = gamma ? at::scalar_tensor(*gamma, at::kDouble) : set.self_product(i);
  return misfit(set, i, noisy, eps, level) / (set.variance() + weight * (ratio * ratio));
}

}  // namespace

void add_sda(const Observations& observations, const at::Tensor& noisy, const NoiseLevel& level,
             std::optional<double> gamma, at::Tensor& eps) {
  // No variable is in two sets, nor an hour of it in two observations: what one adds no other looks at.
  for (const SlabObservations& set : observations) {
    for (std::int64_t i = 0; i < set.size(); ++i) {
      const at::Tensor weighted = weighted_misfit(set, i, noisy, eps, level, gamma);
      set.add_adjoint(weighted * (-level.sigma / level.mu), i, eps);
    }
  }
}

SdaGuidance::SdaGuidance(Denoiser& prior, Observations observations, std::optional<double> gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  add_sda(observations_, noisy, level, gamma_, eps);
  return eps;
}

SdaExactGuidance::SdaExactGuidance(DifferentiableDenoiser& prior, Observations observations,
                                   std::optional<double> gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaExactGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  at::Tensor gradient = at::zeros_like(eps);  // A^T q
  for (const SlabObservations& set : observations_)
    for (std::int64_t i = 0; i < set.size(); ++i)
      set.add_adjoint(weighted_misfit(set, i, noisy, eps, level, gamma_), i, gradient);
  at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);  // J^T A^T q
  gradient.sub_(through_prior.mul_(level.sigma));
  return eps.sub_(gradient.mul_(level.sigma / level.mu));
}

}  // namespace foehn::diffusion

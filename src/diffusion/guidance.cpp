#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>

#include <utility>

#include "diffusion/observation_space.hpp"
#include "diffusion/sda.hpp"

namespace foehn::diffusion {

namespace {

using observation::Observations;
using observation::SlabObservations;

/// (y - A x_hat) / (R + gamma (sigma/mu)^2).
at::Tensor weighted_misfit(const SlabObservations& set, const at::Tensor& noisy, const at::Tensor& eps,
                           const NoiseLevel& level, std::optional<double> gamma) {
  const double ratio = level.sigma / level.mu;
  const at::Tensor weight = gamma ? at::scalar_tensor(*gamma, at::kDouble) : set.self_product();
  const at::Tensor added = (weight * (ratio * ratio)).to(set.variance().options());
  return misfit(set, noisy, eps, level) / (set.variance() + added);
}

}  // namespace

void add_sda(const Observations& observations, const at::Tensor& noisy, const NoiseLevel& level,
             std::optional<double> gamma, at::Tensor& eps) {
  // No variable is in two sets, nor an hour of it in two observations: what one adds no other looks at.
  for (const SlabObservations& set : observations)
    set.add_adjoint(weighted_misfit(set, noisy, eps, level, gamma) * (-level.sigma / level.mu), eps);
}

SdaGuidance::SdaGuidance(TrajectoryDenoiser& prior, Observations observations, std::optional<double> gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  add_sda(observations_, noisy, level, gamma_, eps);
  return eps;
}

SdaExactGuidance::SdaExactGuidance(DifferentiableTrajectoryDenoiser& prior, Observations observations,
                                   std::optional<double> gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaExactGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  at::Tensor gradient = at::zeros_like(eps);  // A^T q
  for (const SlabObservations& set : observations_)
    set.add_adjoint(weighted_misfit(set, noisy, eps, level, gamma_), gradient);
  at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);  // J^T A^T q
  gradient.sub_(through_prior.mul_(level.sigma));
  return eps.sub_(gradient.mul_(level.sigma / level.mu));
}

}  // namespace foehn::diffusion

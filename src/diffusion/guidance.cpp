#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>

#include <utility>

namespace foehn::diffusion {

namespace {

/// (y - A x_hat) / (R + gamma (sigma/mu)^2) of one observation, x_hat = (x - sigma eps)/mu.
at::Tensor weighted_misfit(const observation::Observations& observations, std::int64_t i,
                           const at::Tensor& noisy, const at::Tensor& eps, const NoiseLevel& level,
                           double gamma) {
  const auto& operation = observations.operation;
  const double ratio = level.sigma / level.mu;
  // A is linear: A x_hat = (A x - sigma A eps)/mu, so that the clean slab is never made.
  const at::Tensor observed = (operation.apply(noisy, i) - operation.apply(eps, i) * level.sigma) / level.mu;
  return (observations.values.select(0, i) - observed) / (observations.variance + gamma * ratio * ratio);
}

}  // namespace

SdaGuidance::SdaGuidance(Denoiser& prior, observation::Observations observations, double gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  for (std::int64_t i = 0; i < observations_.operation.size(); ++i) {
    const at::Tensor misfit = weighted_misfit(observations_, i, noisy, eps, level, gamma_);
    observations_.operation.add_adjoint(misfit * (-level.sigma / level.mu), i, eps);
  }
  return eps;
}

SdaExactGuidance::SdaExactGuidance(DifferentiableDenoiser& prior, observation::Observations observations,
                                   double gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaExactGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  at::Tensor gradient = at::zeros_like(eps);  // A^T q
  for (std::int64_t i = 0; i < observations_.operation.size(); ++i)
    observations_.operation.add_adjoint(weighted_misfit(observations_, i, noisy, eps, level, gamma_), i,
                                        gradient);
  at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);  // J^T A^T q
  gradient.sub_(through_prior.mul_(level.sigma));
  return eps.sub_(gradient.mul_(level.sigma / level.mu));
}

}  // namespace foehn::diffusion

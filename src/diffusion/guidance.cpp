#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "diffusion/conjugate_residuals.hpp"
#include "diffusion/sums.hpp"
#include "foehn/core/error.hpp"

namespace foehn::diffusion {

namespace {

/// y - A x_hat of one observation, x_hat = (x - sigma eps)/mu.
at::Tensor misfit(const observation::Observations& observations, std::int64_t i, const at::Tensor& noisy,
                  const at::Tensor& eps, const NoiseLevel& level) {
  const auto& operation = observations.operation;
  // A is linear: A x_hat = (A x - sigma A eps)/mu, so that the clean slab is never made.
  const at::Tensor observed = (operation.apply(noisy, i) - operation.apply(eps, i) * level.sigma) / level.mu;
  return observations.values.select(0, i) - observed;
}

/// (y - A x_hat) / (R + gamma (sigma/mu)^2) of one observation.
at::Tensor weighted_misfit(const observation::Observations& observations, std::int64_t i,
                           const at::Tensor& noisy, const at::Tensor& eps, const NoiseLevel& level,
                           double gamma) {
  const double ratio = level.sigma / level.mu;
  return misfit(observations, i, noisy, eps, level) / (observations.variance + gamma * ratio * ratio);
}

/// Takes the estimate of a prior to that of `sda`.
void add_sda(const observation::Observations& observations, const at::Tensor& noisy, const NoiseLevel& level,
             double gamma, at::Tensor& eps) {
  for (std::int64_t i = 0; i < observations.operation.size(); ++i) {
    const at::Tensor weighted = weighted_misfit(observations, i, noisy, eps, level, gamma);
    observations.operation.add_adjoint(weighted * (-level.sigma / level.mu), i, eps);
  }
}

}  // namespace

SdaGuidance::SdaGuidance(Denoiser& prior, observation::Observations observations, double gamma)
    : prior_(prior), observations_(std::move(observations)), gamma_(gamma) {}

at::Tensor SdaGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  add_sda(observations_, noisy, level, gamma_, eps);
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

MmpsGuidance::MmpsGuidance(DifferentiableDenoiser& prior, observation::Observations observations,
                           Options options)
    : prior_(prior), observations_(std::move(observations)), options_(std::move(options)) {}

at::Tensor MmpsGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  const auto& operation = observations_.operation;
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  at::Tensor misfits = at::empty(observations_.values.sizes(), eps.options().dtype(at::kDouble));
  for (std::int64_t i = 0; i < operation.size(); ++i)
    misfits.select(0, i).copy_(misfit(observations_, i, noisy, eps, level));

  // mu J^T A^T v, with J = (1 - sigma d eps/dx)/mu.
  const auto gradient_of = [&](const at::Tensor& v) {
    at::Tensor gradient = at::zeros_like(eps);
    for (std::int64_t i = 0; i < operation.size(); ++i)
      operation.add_adjoint(v.select(0, i).to(eps.scalar_type()), i, gradient);
    at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);
    return gradient.sub_(through_prior.mul_(level.sigma));
  };
  const double ratio = level.sigma / level.mu;
  const at::Tensor variance = observations_.variance.to(at::kDouble);
  at::Tensor latest;    // gradient of what was multiplied last
  at::Tensor gradient;  // of the solver's direction
  LinearSystem system;
  system.ordered_sum = options_.ordered_sum;
  system.product = [&](const at::Tensor& v) {
    latest = gradient_of(v);
    at::Tensor product = at::empty_like(v);
    for (std::int64_t i = 0; i < operation.size(); ++i)
      product.select(0, i).copy_(operation.apply(latest, i));
    return product.mul_(ratio * ratio).add_(v * variance);
  };
  // J^T A^T v is gathered along with v, so that no product is needed for it in the end.
  SolutionFollower follower;
  follower.direct = [&](double weight) {
    gradient = gradient.defined() ? gradient.mul_(weight).add_(latest) : latest;
    latest.reset();
  };
  follower.accept = [&](double weight) { add_scaled(eps, gradient, -ratio * weight); };

  SolveReport report =
      core::with_context(fmt::format("guidance mmps at noise level t = {:.4f}", level.t),
                         [&] { return conjugate_residuals(system, misfits, options_.solver, follower); });
  if (report.steps == 0 && report.is_indefinite) add_sda(observations_, noisy, level, options_.gamma, eps);
  report.level = level;
  options_.report(report);
  return eps;
}

}  // namespace foehn::diffusion

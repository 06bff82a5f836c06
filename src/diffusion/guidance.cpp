#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "diffusion/conjugate_residuals.hpp"
#include "diffusion/sums.hpp"
#include "foehn/core/error.hpp"

namespace foehn::diffusion {

namespace {

using observation::Observations;
using observation::ObservationSet;

/// y - A x_hat of one observation, x_hat = (x - sigma eps)/mu.
at::Tensor misfit(const ObservationSet& set, std::int64_t i, const at::Tensor& noisy, const at::Tensor& eps,
                  const NoiseLevel& level) {
  // A is linear: A x_hat = (A x - sigma A eps)/mu, so that the clean slab is never made.
  const at::Tensor observed = (set.apply(noisy, i) - set.apply(eps, i) * level.sigma) / level.mu;
  return set.values.select(0, i) - observed;
}

/// (y - A x_hat) / (R + gamma (sigma/mu)^2) of one observation.
at::Tensor weighted_misfit(const ObservationSet& set, std::int64_t i, const at::Tensor& noisy,
                           const at::Tensor& eps, const NoiseLevel& level, std::optional<double> gamma) {
  const double ratio = level.sigma / level.mu;
  return misfit(set, i, noisy, eps, level) /
         (set.variance + gamma.value_or(set.self_product(i)) * ratio * ratio);
}

/// Takes the estimate of a prior to that of `sda`.
void add_sda(const Observations& observations, const at::Tensor& noisy, const NoiseLevel& level,
             std::optional<double> gamma, at::Tensor& eps) {
  // No variable is in two sets, nor an hour of it in two observations: what one adds no other looks at.
  for (const ObservationSet& set : observations) {
    for (std::int64_t i = 0; i < set.size(); ++i) {
      const at::Tensor weighted = weighted_misfit(set, i, noisy, eps, level, gamma);
      set.add_adjoint(weighted * (-level.sigma / level.mu), i, eps);
    }
  }
}

/// The sets' parts of a vector of observation space, [value], each [observation, variable, Y, X].
std::vector<at::Tensor> parts_of(const at::Tensor& vector, const Observations& observations) {
  std::vector<at::Tensor> parts;
  std::int64_t first = 0;
  for (const ObservationSet& set : observations) {
    parts.push_back(vector.narrow(0, first, set.values.numel()).view(set.values.sizes()));
    first += set.values.numel();
  }
  return parts;
}

/// A vector of observation space, float64, from what each observation gives.
template <class Give>
at::Tensor vector_of(const Observations& observations, const at::Device& device, Give&& give) {
  std::int64_t size = 0;
  for (const ObservationSet& set : observations) size += set.values.numel();
  at::Tensor vector = at::empty({size}, at::TensorOptions(at::kDouble).device(device));
  std::vector<at::Tensor> parts = parts_of(vector, observations);
  for (std::size_t s = 0; s < parts.size(); ++s)
    for (std::int64_t i = 0; i < observations[s].size(); ++i)
      parts[s].select(0, i).copy_(give(observations[s], i));
  return vector;
}

}  // namespace

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
  for (const ObservationSet& set : observations_)
    for (std::int64_t i = 0; i < set.size(); ++i)
      set.add_adjoint(weighted_misfit(set, i, noisy, eps, level, gamma_), i, gradient);
  at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);  // J^T A^T q
  gradient.sub_(through_prior.mul_(level.sigma));
  return eps.sub_(gradient.mul_(level.sigma / level.mu));
}

MmpsGuidance::MmpsGuidance(DifferentiableDenoiser& prior, Observations observations, Options options)
    : prior_(prior), observations_(std::move(observations)), options_(std::move(options)) {}

at::Tensor MmpsGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  const at::Tensor misfits =
      vector_of(observations_, eps.device(),
                [&](const ObservationSet& set, std::int64_t i) { return misfit(set, i, noisy, eps, level); });

  // mu J^T A^T v, with J = (1 - sigma d eps/dx)/mu.
  const auto gradient_of = [&](const at::Tensor& v) {
    at::Tensor gradient = at::zeros_like(eps);
    const std::vector<at::Tensor> parts = parts_of(v, observations_);
    for (std::size_t s = 0; s < parts.size(); ++s)
      for (std::int64_t i = 0; i < observations_[s].size(); ++i)
        observations_[s].add_adjoint(parts[s].select(0, i).to(eps.scalar_type()), i, gradient);
    at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);
    return gradient.sub_(through_prior.mul_(level.sigma));
  };
  const double ratio = level.sigma / level.mu;
  const at::Tensor variance = vector_of(observations_, eps.device(),
                                        [](const ObservationSet& set, std::int64_t) { return set.variance; });
  at::Tensor latest;    // gradient of what was multiplied last
  at::Tensor gradient;  // of the solver's direction
  LinearSystem system;
  system.inner_product = [&](const at::Tensor& x, const at::Tensor& y) {
    const std::vector<at::Tensor> x_parts = parts_of(x, observations_), y_parts = parts_of(y, observations_);
    double sum = 0;
    for (std::size_t s = 0; s < x_parts.size(); ++s)
      sum += sum_of_products(x_parts[s], y_parts[s], options_.ordered_sum);
    return sum;
  };
  system.product = [&](const at::Tensor& v) {
    latest = gradient_of(v);
    at::Tensor product =
        vector_of(observations_, eps.device(),
                  [&](const ObservationSet& set, std::int64_t i) { return set.apply(latest, i); });
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

#include "foehn/diffusion/guidance.hpp"

#include <ATen/ATen.h>

#include <memory>
#include <utility>
#include <vector>

#include "diffusion/observation_space.hpp"
#include "diffusion/sda.hpp"

namespace foehn::diffusion {

namespace {

using observation::Observations;
using observation::SlabObservations;

/// (R + gamma (sigma/mu)^2)^-1 (y - A x_hat), of each set.
std::vector<at::Tensor> weighted_misfits(const Observations& observations, const Linearisation& linear,
                                         const at::Tensor& eps, const NoiseLevel& level,
                                         ErrorWeight& weight) {
  const double ratio = level.sigma / level.mu;
  const std::vector<at::Tensor>& weights = weight.of(observations, eps, linear);
  std::vector<at::Tensor> misfits;
  for (std::size_t s = 0; s < observations.size(); ++s) {
    const SlabObservations& set = observations[s];
    const at::Tensor added = (weights[s] * (ratio * ratio)).to(set.variance().options());
    const at::Tensor difference = linear.misfit(set);
    const observation::CorrelatedErrors* errors = set.correlated_errors();
    misfits.push_back(errors != nullptr ? errors->solve(added, difference).to(difference.options())
                                        : difference / (set.variance() + added));
  }
  return misfits;
}

}  // namespace

const std::vector<at::Tensor>& ErrorWeight::of(const Observations& observations, const at::Tensor& slab,
                                               const Linearisation& linear) {
  if (weights_.size() == observations.size() && linear.is_exact()) return weights_;
  weights_.clear();
  at::Tensor seen;  // A^T 1
  if (!gamma_) {
    seen = at::zeros_like(slab);
    for (const SlabObservations& set : observations) set.add_adjoint(at::ones_like(set.values()), seen);
    if (!linear.is_exact()) seen.mul_(linear.squared_slope());
  }
  for (const SlabObservations& set : observations)
    weights_.push_back(gamma_ ? at::scalar_tensor(*gamma_, at::kDouble) : set.apply(seen));
  return weights_;
}

void add_sda(const Observations& observations, const Linearisation& linear, const NoiseLevel& level,
             ErrorWeight& weight, at::Tensor& eps) {
  // All before any is added: sets may look at the same fields.
  std::vector<at::Tensor> misfits = weighted_misfits(observations, linear, eps, level, weight);
  for (at::Tensor& misfit : misfits) misfit = misfit * (-level.sigma / level.mu);
  linear.add_adjoint(observations, misfits, eps);
}

SdaGuidance::SdaGuidance(TrajectoryDenoiser& prior, Observations observations, std::optional<double> gamma,
                         std::shared_ptr<const observation::FieldMap> map)
    : prior_(prior),
      observations_(std::move(observations)),
      map_(std::move(map)),
      weight_(std::make_unique<ErrorWeight>(gamma)) {}

at::Tensor SdaGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  add_sda(observations_, Linearisation(map_.get(), observations_, noisy, eps, level), level, *weight_, eps);
  return eps;
}

SdaGuidance::~SdaGuidance() = default;

SdaExactGuidance::~SdaExactGuidance() = default;

SdaExactGuidance::SdaExactGuidance(DifferentiableTrajectoryDenoiser& prior, Observations observations,
                                   std::optional<double> gamma,
                                   std::shared_ptr<const observation::FieldMap> map)
    : prior_(prior),
      observations_(std::move(observations)),
      map_(std::move(map)),
      weight_(std::make_unique<ErrorWeight>(gamma)) {}

at::Tensor SdaExactGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  at::Tensor gradient = at::zeros_like(eps);  // A^T q
  const Linearisation linear(map_.get(), observations_, noisy, eps, level);
  linear.add_adjoint(observations_, weighted_misfits(observations_, linear, eps, level, *weight_), gradient);
  at::Tensor through_prior = prior_.noise_vjp(noisy, level, gradient);  // J^T A^T q
  gradient.sub_(through_prior.mul_(level.sigma));
  return eps.sub_(gradient.mul_(level.sigma / level.mu));
}

}  // namespace foehn::diffusion

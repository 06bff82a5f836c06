#include "posterior.hpp"

#include <span>
#include <utility>

namespace foehn::job {

Posterior::Posterior(comm::Transport& transport, const Plan& plan, const model::PriorBundle& prior,
                     std::shared_ptr<const observation::FieldMap> map, const std::function<void()>& between)
    : transport_(transport),
      map_(std::move(map)),
      windows_(*prior.denoiser, between),
      composed_(compose(plan, plan.windows, windows_)) {
  if (prior.gaussian != nullptr && prior.gaussian != prior.denoiser) {
    gaussian_windows_.emplace(*prior.gaussian, between);
    gaussian_ = compose(plan, *plan.gaussian_windows, *gaussian_windows_);
  }
}

void Posterior::condition(const Plan& plan, const observation::Observations& observations) {
  if (plan.is_conditioned()) guided_ = guide(plan, observations);
}

std::unique_ptr<trajectory::ComposedByNoise> Posterior::compose(const Plan& plan, const Windows& windows,
                                                                diffusion::WindowDenoiser& denoiser) const {
  const auto with_stride = [&](std::int64_t stride) {
    return trajectory::WindowPlan(plan.period.hours, windows.markov_order, stride);
  };
  return std::make_unique<trajectory::ComposedByNoise>(denoiser, transport_, plan.partition(),
                                                       with_stride(windows.strides.noisy),
                                                       with_stride(windows.strides.clear), plan.batch);
}

std::unique_ptr<diffusion::TrajectoryDenoiser> Posterior::guide(const Plan& plan,
                                                                observation::Observations observations) {
  if (plan.guidance == Guidance::sda)
    return std::make_unique<diffusion::SdaGuidance>(*composed_, std::move(observations), plan.gamma, map_);
  if (plan.guidance == Guidance::sda_exact)
    return std::make_unique<diffusion::SdaExactGuidance>(*composed_, std::move(observations), plan.gamma,
                                                         map_);
  diffusion::DifferentiableTrajectoryDenoiser* gaussian = gaussian_ ? gaussian_.get() : composed_.get();
  const Covariance covariance = plan.solving.covariance;
  return std::make_unique<diffusion::MmpsGuidance>(
      *composed_, std::move(observations),
      diffusion::MmpsGuidance::Options{
          .solver = plan.solving.solver,
          .covariance = covariance == Covariance::gaussian ? gaussian : nullptr,
          .preconditioner = covariance == Covariance::preconditioned ? gaussian : nullptr,
          .gamma = plan.gamma,
          .ordered_sum = ordered_sum(),
          .report = [this](const diffusion::SolveReport& report) { solves_.push_back(report); },
          .map = map_});
}

diffusion::OrderedSum Posterior::ordered_sum() const {
  return [this](std::span<const double> per_hour) { return transport_.ranks().ordered_sum(per_hour); };
}

trajectory::ComposedDenoiser::Work Posterior::gaussian_work() const {
  return gaussian_ ? gaussian_->work() : trajectory::ComposedDenoiser::Work{};
}

}  // namespace foehn::job

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "attentive_denoiser.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/trajectory/composed_by_noise.hpp"

namespace foehn::job {

/// The denoiser of a team's trajectory: the prior composed over its slabs and, where there are observations,
/// guided by them.
class Posterior {
 public:
  /// @param transport, prior  outlive this; the former's ranks are the team
  /// @param map      to what operators see of the slab; null: it is what the prior sees
  /// @param between  called between batches of windows, on each rank as often as it has some
  Posterior(comm::Transport& transport, const Plan& plan, const model::PriorBundle& prior,
            std::shared_ptr<const observation::FieldMap> map, const std::function<void()>& between);
  Posterior(const Posterior&) = delete;  // what guides refers to its members
  Posterior& operator=(const Posterior&) = delete;

  /// Guides the prior by other observations, of the slab, where the plan says that they guide.
  void condition(const Plan& plan, const observation::Observations& observations);
  diffusion::TrajectoryDenoiser& denoiser() { return guided_ ? *guided_ : *composed_; }
  /// Over the team.
  diffusion::OrderedSum ordered_sum() const;
  /// Of this rank, so far: windows of the prior, and of its Gaussian part alone.
  trajectory::ComposedDenoiser::Work work() const { return composed_->work(); }
  trajectory::ComposedDenoiser::Work gaussian_work() const;
  /// How the solves of mmps went so far.
  const std::vector<diffusion::SolveReport>& solves() const { return solves_; }

 private:
  std::unique_ptr<trajectory::ComposedByNoise> compose(const Plan& plan, const Windows& windows,
                                                       diffusion::WindowDenoiser& denoiser) const;
  std::unique_ptr<diffusion::TrajectoryDenoiser> guide(const Plan& plan,
                                                       observation::Observations observations);

  comm::Transport& transport_;
  std::shared_ptr<const observation::FieldMap> map_;
  std::vector<diffusion::SolveReport> solves_;
  AttentiveDenoiser windows_;
  std::optional<AttentiveDenoiser> gaussian_windows_;  // none: as gaussian_
  std::unique_ptr<trajectory::ComposedByNoise> composed_;
  std::unique_ptr<trajectory::ComposedByNoise>
      gaussian_;  // a Gaussian part of the prior; null: none, or all of it
  std::unique_ptr<diffusion::TrajectoryDenoiser> guided_;  // null: unconditional
};

}  // namespace foehn::job

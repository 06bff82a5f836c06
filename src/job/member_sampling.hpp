#pragma once

#include <chrono>
#include <cstdint>

#include "foehn/checkpoint/store.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/ensemble/output.hpp"
#include "foehn/ensemble/team.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::job {

/// Draws one member after another: continues from its checkpoint, if any, and after every pass (a step
/// or a correction) looks at the numbers, the clock and the signals.
class MemberSampling {
 public:
  /// What it works with; all outlives it.
  struct Tools {
    const Plan& plan;
    const model::PriorDescription& prior;
    const ensemble::Team& team;
    diffusion::OrderedSum ordered_sum;
    core::Progress& progress;
    process::StopToken stop;
    ensemble::Output& output;  ///< of the members before
  };
  /// What a member is drawn from.
  struct Given {
    diffusion::TrajectoryDenoiser& denoiser;
    at::Tensor expected;  ///< diffusion::Surroundings::expected
  };
  /// @param hours  of this rank
  MemberSampling(const Tools& tools, trajectory::Slab hours) : tools_(tools), hours_(hours) {}

  /// Fills the slab.
  /// @return  false if it was stopped, with a checkpoint of all its work
  /// @throws core::CollectiveError naming step, instant and variable of a value that is not finite, runs away
  ///         or, at the end, cannot be weather;
  ///         or why the output of members before has failed;
  ///         or why the checkpoint to continue from cannot be used, or the one to stop with cannot be written
  /// @note Collective over the team.
  bool draw(std::int64_t member, const Given& given, at::Tensor& slab);
  /// Writes a checkpoint of a member that is drawn.
  /// @throws core::CollectiveError if it cannot be written
  /// @note Collective over the team.
  void keep(std::int64_t member, const at::Tensor& slab);
  /// Of all members drawn; not those before a checkpoint that this run continued from.
  std::int64_t steps_taken() const { return steps_taken_; }

 private:
  checkpoint::Store checkpoints_of(std::int64_t member, const at::Tensor& slab) const;
  void check_values(const diffusion::SamplerState& state, std::int64_t member) const;

  Tools tools_;
  trajectory::Slab hours_;
  std::int64_t steps_taken_ = 0;
};

}  // namespace foehn::job

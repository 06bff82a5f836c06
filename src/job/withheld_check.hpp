#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/self_check.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::job {

/// Scores members against observations that were withheld from them: what SelfCheck says of it.
class WithheldCheck {
 public:
  /// @param team, plan, domain  outlive this
  /// @param observations        of the slab, one set per withheld placement of the plan
  WithheldCheck(const ensemble::Team& team, const Plan& plan, const model::Domain& domain,
                observation::Observations observations)
      : team_(team), plan_(plan), domain_(domain), observations_(std::move(observations)) {}

  /// Adds a member that is drawn. @param slab  this rank's, as operators see it
  /// @note Collective over the team.
  void add(std::int64_t member, const at::Tensor& slab);
  /// The scores, by set, over all teams' members; of the root, empty on the others.
  /// @note Collective over the world.
  std::vector<WithheldScore> finish(const comm::Communicator& world) const;

 private:
  /// What all ranks of the team have of each set, on its root, in the order of hours.
  /// @note Collective over the team.
  template <class Of>
  std::vector<std::vector<double>> gather(Of&& of) const;

  const ensemble::Team& team_;
  const Plan& plan_;
  const model::Domain& domain_;
  observation::Observations observations_;
  std::vector<std::int64_t> members_;                        // that this team drew, on its root
  std::vector<std::vector<std::vector<double>>> simulated_;  // of each, by set
};

}  // namespace foehn::job

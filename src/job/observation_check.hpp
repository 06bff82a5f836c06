#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/self_check.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::job {

/// How far members lie from the observations, on the device and slab by slab: what SelfCheck says of it.
class ObservationCheck {
 public:
  /// @param team, plan    outlive this
  /// @param observations  of the slab, for each of the plan's drivers one set per placement of the plan,
  ///                      coarse ones and then those at points; no sets: unconditional
  /// @param variables     of the trajectory
  ObservationCheck(const ensemble::Team& team, const Plan& plan,
                   std::vector<observation::Observations> observations, std::size_t variables)
      : team_(team), plan_(plan), observations_(std::move(observations)), variables_(variables) {}

  /// Adds a member that is drawn. @param slab  this rank's, as operators see it
  /// @note Collective over the team.
  void add(std::int64_t member, const at::Tensor& slab);
  /// Fills in, on the root, the distances of all teams' members, whose sums are taken in order of members.
  /// @note Collective over the world.
  void finish(const comm::Communicator& world, SelfCheck& check) const;

 private:
  const ensemble::Team& team_;
  const Plan& plan_;
  std::vector<observation::Observations> observations_;
  std::size_t variables_;
  std::size_t sets() const { return observations_.front().size(); }
  /// The variables of a set, as indices of the trajectory's.
  std::vector<std::int64_t> variables_of(std::size_t set) const;
  /// Of each member: its number, and by set and variable count, sum and squares of distances in standard
  /// deviations.
  std::vector<std::vector<double>> members_;
};

}  // namespace foehn::job

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/observation/observations.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "observation_source.hpp"

namespace foehn::app {

/// Observations of some variables at the same times: where they are in the trajectory. The same on every
/// rank.
struct ObservedSet {
  std::vector<std::int64_t> variables;           ///< indices of the prior's, rising
  std::int64_t block = 1;                        ///< cells a side of a block
  std::int64_t period = 1;                       ///< hours from one to the next
  std::vector<observation::Interval> intervals;  ///< hours of each observation, rising
};

/// "9 observations every 6 steps in blocks of 8 x 8", "8 means over 6 steps of tas every 6 steps in ..."
/// @param variables  the prior's
std::string describe(const ObservedSet& set, const std::vector<io::Variable>& variables);

/// Hours at which slabs may be cut: where a period of one of the sets begins and no mean is open.
std::vector<std::int64_t> slab_borders(const std::vector<ObservedSet>& sets, std::int64_t hours);

/// Hands each rank the observations of its slab, normalised; the root reads some at a time.
/// @param sources       of each set; of the root alone
/// @param period        of the trajectory
/// @param physical_std  of the errors, one a variable of the domain, in its unit
/// @note Collective over the world.
observation::Observations scatter_observations(
    const comm::Communicator& world, const ensemble::Team& team, const trajectory::SlabPartition& partition,
    const std::vector<ObservedSet>& sets, const std::vector<ObservationSource>& sources, const Period& period,
    const model::Domain& domain, const std::vector<double>& physical_std, const at::Device& device);

}  // namespace foehn::app

#pragma once

#include <c10/core/Device.h>

#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/conditioning/point_set.hpp"
#include "foehn/observation/slab_observations.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::conditioning {

/// Hands each rank the observations at points of its slab: a set for each placement.
/// @param partition  of each team: consecutive ranks of the world, as many as it has slabs
/// @param sets       of the root, one per placement; null on the others
/// @param gather     of the team, for errors that are correlated; empty: how they are is not needed, as where
///                   observations are only compared with
/// @note Collective over the world.
observation::Observations scatter_points(const comm::Communicator& world,
                                         const trajectory::SlabPartition& partition,
                                         const std::vector<PointPlacement>& placements,
                                         const std::vector<PointSet>* sets, const observation::Gather& gather,
                                         const at::Device& device);

}  // namespace foehn::conditioning

#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/conditioning/observation_input.hpp"
#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/placement.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/observation/slab_observations.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::conditioning {

/// Hands each rank the observations of its slab, normalised; the root takes some at a time from where they
/// are kept.
/// @param partition     of each team: consecutive ranks of the world, as many as it has slabs
/// @param placements    none: there are no observations
/// @param all           values of each placement, once for each member of a coarse ensemble; null but on the
///                      root
/// @param period        of the trajectory
/// @return              for each of `all`; their operators are shared
/// @param physical_std  of the errors, one per variable of the domain, in its unit
/// @throws core::CollectiveError on every rank if the root cannot read them (CheckedSeries::read)
/// @note Collective over the world.
std::vector<observation::Observations> scatter_observations(
    const comm::Communicator& world, const trajectory::SlabPartition& partition,
    const std::vector<Placement>& placements, const std::vector<const CheckedObservations*>& all,
    const Period& period, const model::Domain& domain, const std::vector<double>& physical_std,
    const at::Device& device);

/// Hands each rank the snapshots of all variables between which the hours of its slab lie, and `reach` more
/// hours on both sides; none to a rank without hours.
/// @param partition   as above
/// @param placements  of all variables of the domain together, at the same hours and in the same blocks
/// @param all         values of each placement, none of which is missing; of the root, null on the others
/// @throws core::CollectiveError on every rank if the root cannot read them (CheckedSeries::read)
/// @note Collective over the world.
model::CoarseSnapshots scatter_coarse(const comm::Communicator& world,
                                      const trajectory::SlabPartition& partition,
                                      const std::vector<Placement>& placements,
                                      const CheckedObservations* all, const model::Domain& domain,
                                      std::int64_t reach, const at::Device& device);

/// The same of snapshots on the cells of a coarse grid.
/// @param placement  of all variables
/// @param all        [snapshot, variable, 1, cell], float32; of the root, null on the others
/// @note Collective over the world.
model::CoarseSnapshots scatter_coarse(const comm::Communicator& world,
                                      const trajectory::SlabPartition& partition, const Placement& placement,
                                      const at::Tensor* all, std::shared_ptr<const model::CoarseCells> cells,
                                      const model::Domain& domain, std::int64_t reach,
                                      const at::Device& device);

}  // namespace foehn::conditioning

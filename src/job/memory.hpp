#pragma once

#include <cstdint>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/model/prior_bundle.hpp"

namespace foehn::job {

/// How many times a rank holds its slab at once, at most: the sampler's state, estimates, and what guidance
/// makes of them. Fields of a batch of windows are not among them.
double slabs_held(const Plan& plan);

/// Bytes that a rank needs for a member's fields: slabs, halo, and a batch of windows. What a network holds
/// within is not among them, nor are its weights.
/// @param ranks  that share a member
double field_bytes(const Plan& plan, const model::Domain& domain, std::int64_t ranks);

/// Refuses a trajectory that does not fit into memory, before anything is drawn.
/// @param available  bytes that each rank may use, of all ranks
/// @throws core::Error that says how much is needed and, where more ranks help, how many do
void check_memory(const Plan& plan, const model::Domain& domain, const std::vector<double>& available);

/// Refuses coarse fields on cells that the first rank cannot hold: it reads all of them.
/// @param values     of a snapshot, of all variables
/// @param available  bytes that it may use
/// @throws core::Error that says how much is needed
void check_coarse_memory(std::int64_t snapshots, std::int64_t values, double available);

}  // namespace foehn::job

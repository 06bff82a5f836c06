#pragma once

#include <cstdint>
#include <vector>

#include "foehn/job/plan.hpp"
#include "foehn/job/resources.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::job {

/// The numbers of the members that are not in the output folder yet.
/// @throws core::Error if one is there, or a checkpoint of one, that another run made, naming what differs
std::vector<std::int64_t> members_to_draw(const Plan& plan, const Resources& root,
                                          const model::Domain& domain);

/// Removes the checkpoints of all members, and the folder of them if it is of our making and empty.
void remove_checkpoints(const Plan& plan, const Settings& settings);

/// Finds out now, not after hours of sampling, whether the members can fit on the disk.
/// @param teams  that draw members, and so write checkpoints, at the same time
/// @throws core::Error if not even well compressed ones can; warns if they, or checkpoints, may not
void check_space(const Plan& plan, const Settings& settings, const model::Domain& domain, std::int64_t teams);

}  // namespace foehn::job

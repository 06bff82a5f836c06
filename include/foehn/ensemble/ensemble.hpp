#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/ensemble/member_work.hpp"
#include "foehn/ensemble/output.hpp"
#include "foehn/ensemble/team.hpp"

namespace foehn::ensemble {

struct EnsembleResult {
  bool is_done = true;          ///< false if a member was stopped; the same on all ranks
  double sampling_seconds = 0;  ///< that the root spent
  Output::Cost output = {};     ///< of the root
};

/// Samples the members: in rounds of one member a team. While a round is drawn, the members of the one before
/// are packed, gathered and written. A member's files take their final names when all are whole. Once the
/// root is asked to stop, members that are not written yet are kept by their teams, and no round follows.
///
/// @param members  their numbers
/// @param output   what `work.sample` advances
/// @param slab     this rank's, [hour, variable, ...]; its memory serves every member
/// @throws core::CollectiveError on all ranks
/// @note Collective over the world.
EnsembleResult run_ensemble(const comm::Communicator& world, const Team& team,
                            const std::vector<std::int64_t>& members, const MemberWork& work, Output& output,
                            at::Tensor& slab);

}  // namespace foehn::ensemble

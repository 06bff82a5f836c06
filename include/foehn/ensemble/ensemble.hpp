#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/io/member_writer.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::ensemble {

/// The ranks that share one trajectory; teams work on different members at the same time.
struct Team {
  comm::Communicator ranks;
  int index = 0;  ///< of this team
  int count = 1;  ///< of all teams
};

/// Cuts the world into teams of consecutive ranks.
/// @param ranks_per_member  0: all ranks are one team
/// @throws core::CollectiveError if the number of ranks is not a multiple of ranks_per_member
/// @note Collective over the world.
Team make_team(const comm::Communicator& world, std::int64_t ranks_per_member);

struct EnsembleOptions {
  std::vector<std::int64_t> members;  ///< their numbers
  std::int64_t chunk_hours = 24;      ///< hours the root holds at a time
};

/// What is done for each member, injected so that the loop knows neither prior nor units.
struct MemberWork {
  /// Draws a member: fills this rank's slab. Collective over the team.
  /// @return  whether it is drawn: false if it was stopped
  /// @throws core::CollectiveError on all ranks of the team if the sample is not to be trusted
  std::function<bool(std::int64_t member, at::Tensor& slab)> sample;
  /// Writes hours [first, first + count) of this rank's slab, in physical units, to `values`, which has the
  /// slab's hour shape: [hour, variable, ...].
  std::function<void(const at::Tensor& slab, std::int64_t first, std::int64_t count, std::span<float> values)>
      physical;
  /// What writes a member's files. Called by the root.
  std::function<std::unique_ptr<io::MemberWriter>(std::int64_t member)> writer;
  /// Told when a member's files have their names. Called by the root.
  std::function<void(std::int64_t member)> written;
  /// Has this rank been asked to stop? The root looks between chunks.
  std::function<bool()> must_stop;
  /// Keeps a drawn member that will not be written, so that `sample` need not draw it again. Collective over
  /// the team.
  /// @throws core::CollectiveError on all ranks of the team if it cannot
  std::function<void(std::int64_t member, const at::Tensor& slab)> keep;
};

struct EnsembleResult {
  bool is_done = true;          ///< false if a member was stopped; the same on all ranks
  double sampling_seconds = 0;  ///< that the root spent
  double writing_seconds = 0;   ///< gathering and writing, after sampling
};

/// Samples the members: in rounds of one member a team; after a round the root gathers the trajectories in
/// order of time, chunk by chunk, and a thread writes a chunk while the next one is on its way. A member's
/// files take their final names when all are whole. Once the root is asked to stop, members that are not
/// written yet are kept by their teams, and no round follows that draws any.
///
/// @param slab  this rank's, [hour, variable, ...]; its memory serves every member
/// @note Collective over the world.
EnsembleResult run_ensemble(const comm::Communicator& world, const Team& team,
                            const trajectory::SlabPartition& partition, const EnsembleOptions& options,
                            const MemberWork& work, at::Tensor& slab);

}  // namespace foehn::ensemble

#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/row_exchange.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/ensemble/held_hours.hpp"
#include "foehn/ensemble/member_work.hpp"
#include "foehn/ensemble/team.hpp"
#include "foehn/io/chunks.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::ensemble {

class Collector;
class Supplier;

/// Brings drawn members to their files while the next ones are drawn.
///
/// The rank that owns a chunk's first hour packs it, in a thread of its own; the root asks for one chunk
/// after another in the order of time, and a thread of the root writes them. A few chunks at most are on
/// their way to the root or wait there. Messages are sent and received by the main thread alone, in
/// advance(), which never waits: it is called again and again while members are drawn.
///
/// The root asks for each chunk, and tells every rank of a team at the end whether its member is written; or
/// that it is given up. So no message is left when a member is done with, whatever failed.
class Output {
 public:
  /// @param spans  the chunks of a member, in the order of time
  /// @param work   of which `pack`, `sink`, `written` and `must_stop` are used
  /// @param world, team, partition, work  outlive this
  /// @note Collective over the world.
  Output(const comm::Communicator& world, const Team& team, const trajectory::SlabPartition& partition,
         const std::vector<io::ChunkSpan>& spans, const MemberWork& work);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  /// Members of one round, those of a team at its place; nothing for a team that has drawn none.
  using Round = std::vector<std::optional<std::int64_t>>;
  /// Takes over drawn members; the round before must be finished.
  /// @param slab   this rank's, [hour, variable, ...], on any device
  /// @param copies  whether the slab's memory is used again before the round is finished
  /// @note Collective over the world.
  void begin(const Round& round, const at::Tensor& slab, bool copies);

  /// Helps what is on its way. Not collective; waits for no one.
  void advance();
  /// @throws whatever has failed on this rank so far; all ranks will give up in finish or abandon
  void check() const;

  /// Waits until the round's members are written, or until the root has been asked to stop and gives them up.
  /// @return  this rank's member if it was given up
  /// @throws core::CollectiveError on all ranks if anything has failed
  /// @note Collective over the world.
  std::optional<std::int64_t> finish();
  /// The slab of the member that finish has returned, in host memory.
  const at::Tensor& slab() const;
  /// Gives up whatever is not written, after a failure of which all ranks know. @note Collective over the
  /// world.
  void abandon();

  struct Cost {
    double seconds = 0;         ///< in which begin and finish kept the root from drawing
    double hidden_seconds = 0;  ///< in which members were written while others were drawn
    double written_bytes = 0;   ///< packed, of members that are whole
  };
  /// Of the root.
  const Cost& cost() const { return cost_; }

 private:
  struct Shares;
  Output(const comm::Communicator& world, const Team& team, const trajectory::SlabPartition& partition,
         const MemberWork& work, const Shares& shares);
  bool is_done() const;
  void wait(bool may_stop);

  const comm::Communicator& world_;
  // Of the world, but for what is sent here alone: from the root, and to it. It sends to itself as well.
  comm::Communicator orders_, chunks_;
  const Team& team_;
  const MemberWork& work_;
  trajectory::Slab mine_;
  std::vector<io::ChunkSpan> spans_;            // that this rank packs
  std::vector<std::int64_t> others_;            // hours of other ranks that it needs
  std::unique_ptr<comm::Transport> transport_;  // of the team, in host memory
  comm::RowExchange exchange_;                  // which brings them
  std::optional<std::int64_t> member_;
  std::unique_ptr<Supplier> supplier_;
  std::unique_ptr<Collector> collector_;  // of the root
  Cost cost_;
  std::chrono::steady_clock::time_point begun_;  // of the round: since when members are drawn meanwhile
};

}  // namespace foehn::ensemble

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "foehn/core/pages.hpp"
#include "foehn/ensemble/held_hours.hpp"
#include "foehn/io/chunks.hpp"

namespace foehn::ensemble {

/// Takes the packed chunks of one member in order of time. What was written appears under its final names in
/// commit(), whole; one that is destroyed before that removes it.
class MemberSink {
 public:
  virtual ~MemberSink() = default;
  virtual void append(const core::PagedVector<std::byte>& packed) = 0;
  virtual void commit() = 0;
};

/// What is done for each member, injected so that the loop knows neither prior nor units nor files.
struct MemberWork {
  /// Draws a member: fills this rank's slab. Collective over the team.
  /// @return  whether it is drawn: false if it was stopped
  /// @throws core::CollectiveError on all ranks of the team if the sample is not to be trusted, or the output
  ///         has failed
  std::function<bool(std::int64_t member, at::Tensor& slab)> sample;
  /// Makes of a chunk's hours what the sink is given; the hour before the chunk is held as well, if there is
  /// one. Called in a thread of its own, which does not speak MPI.
  std::function<core::PagedVector<std::byte>(const HeldHours& hours, const io::ChunkSpan& span)> pack;
  /// What writes a member's files. Called by the root, in a thread that does not speak MPI, as is all that it
  /// returns.
  std::function<std::unique_ptr<MemberSink>(std::int64_t member)> sink;
  /// Told when a member's files have their names. Called by the root.
  std::function<void(std::int64_t member)> written;
  /// Has this rank been asked to stop? The root looks where nothing but output is left to do.
  std::function<bool()> must_stop;
  /// Keeps a drawn member that will not be written, so that `sample` need not draw it again. Collective over
  /// the team.
  /// @param slab  in host memory
  /// @throws core::CollectiveError on all ranks of the team if it cannot
  std::function<void(std::int64_t member, const at::Tensor& slab)> keep;
};

}  // namespace foehn::ensemble

#pragma once

#include <cstdint>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

/// Ranks in groups of consecutive ones, each of which shares out the cells of what it computes.
struct SpaceGroups {
  /// @param world  of all ranks
  /// @param ranks  of a group, as the option run.space_ranks asks
  /// @throws core::CollectiveError if the world's ranks make no such groups
  /// @note Collective over the world.
  SpaceGroups(const Communicator& world, std::int64_t ranks);

  Communicator group;  ///< this rank's
  Communicator alike;  ///< the ranks that have the same place in their groups, in the order of groups
};

}  // namespace foehn::comm

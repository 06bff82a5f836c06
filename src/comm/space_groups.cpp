#include "foehn/comm/space_groups.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"

namespace foehn::comm {

namespace {

/// @return  which group a rank belongs to
int group_of(const Communicator& world, std::int64_t ranks) {
  world.agree([&] {
    if (world.size() % ranks != 0)
      throw core::UsageError(fmt::format(
          "run.space_ranks: expected a divisor of the number of ranks, {}, found {}", world.size(), ranks));
  });
  return world.rank() / static_cast<int>(ranks);
}

}  // namespace

SpaceGroups::SpaceGroups(const Communicator& world, std::int64_t ranks)
    : group(world.split(group_of(world, ranks))), alike(world.split(group.rank())) {}

}  // namespace foehn::comm

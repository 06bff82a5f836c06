#include "foehn/ensemble/team.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"

namespace foehn::ensemble {

Team make_team(const comm::Communicator& world, std::int64_t ranks_per_team, const char* option) {
  const std::int64_t size = ranks_per_team == 0 ? world.size() : ranks_per_team;
  world.agree([&] {
    if (world.size() % size != 0)
      throw core::Error(fmt::format("{}: expected a divisor of the number of ranks, {}, found {}", option,
                                    world.size(), size));
  });
  const int index = static_cast<int>(world.rank() / size);
  return {world.split(index), index, static_cast<int>(world.size() / size)};
}

}  // namespace foehn::ensemble

#pragma once

#include <cstdint>

#include "foehn/comm/communicator.hpp"

namespace foehn::ensemble {

/// The ranks that share one trajectory; teams work on different members at the same time.
struct Team {
  comm::Communicator ranks;
  int index = 0;  ///< of this team
  int count = 1;  ///< of all teams
};

/// Cuts the world into teams of consecutive ranks.
/// @param ranks_per_team  0: all ranks are one team
/// @param option          that says how many, for the message
/// @throws core::CollectiveError if the number of ranks is not a multiple of ranks_per_team
/// @note Collective over the world.
Team make_team(const comm::Communicator& world, std::int64_t ranks_per_team,
               const char* option = "ensemble.ranks_per_member");

}  // namespace foehn::ensemble

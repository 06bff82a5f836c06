#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "foehn/diffusion/guidance.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/job/run.hpp"

namespace foehn::job {

/// @note Collective over the world; every rank of a team has the same reports.
SolveSummary summarise(const comm::Communicator& world, const ensemble::Team& team,
                       const std::vector<diffusion::SolveReport>& reports);

/// The work of all ranks.
/// @note Collective over the world.
trajectory::ComposedDenoiser::Work total_work(const comm::Communicator& world,
                                              const trajectory::ComposedDenoiser::Work& mine);

/// How many ranks say what: names of hosts, or kinds of devices.
/// @return  on the root; empty on the others
/// @note Collective over the world.
std::map<std::string, int> count_ranks(const comm::Communicator& world, const std::string& mine);

/// The name of the machine that this process runs on.
std::string host_name();

}  // namespace foehn::job

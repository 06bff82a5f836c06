#pragma once

#include <cstdint>
#include <vector>

#include "foehn/diffusion/guidance.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/job/run.hpp"

namespace foehn::job {

/// @note Collective over the world; every rank of a team has the same reports.
SolveSummary summarise(const comm::Communicator& world, const ensemble::Team& team,
                       const std::vector<diffusion::SolveReport>& reports);

/// The windows of all ranks.
/// @note Collective over the world.
trajectory::ComposedDenoiser::Work total_work(const comm::Communicator& world,
                                              const trajectory::ComposedDenoiser::Work& mine);

}  // namespace foehn::job

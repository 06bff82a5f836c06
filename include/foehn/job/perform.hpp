#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "foehn/comm/communicator.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/device.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::job {

/// Hands out a prior, loaded from the root's files or kept from before. Collective over the world.
using LoadPrior =
    std::function<std::shared_ptr<const model::PriorBundle>(std::optional<model::PriorFiles> files)>;

/// Draws the members of a job that is planned, and records in run.json that it is under way and how it ended.
/// Where all members are there already, the prior is not loaded.
/// @param files  of the root, opened by open_prior
/// @throws core::CollectiveError as run
/// @note Collective over the world.
Result perform(const comm::Communicator& world, Planned& planned, std::optional<model::PriorFiles> files,
               const LoadPrior& load, const process::Hardware& hardware, const process::StopToken& stop);

}  // namespace foehn::job

#pragma once

#include <c10/core/Device.h>

#include <optional>
#include <string>

#include "foehn/comm/communicator.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/resources.hpp"
#include "foehn/model/prior_bundle.hpp"

namespace foehn::job {

/// A job that is ready to run.
struct Planned {
  Plan plan;
  std::optional<Resources> root;  ///< of the root alone
};

/// Reads and checks settings, prior, observations and output folder, which the root keeps locked; only the
/// root touches the observations, and makes them where they are to come from a climate model's files. Members
/// that are there already, of the same identity, are not to be drawn again; members and checkpoints of
/// another are refused.
/// @param prior          of the root; null on the others
/// @param validate_only  the output folder is not to stay if it was absent
/// @throws core::CollectiveError on every rank, for whatever is wrong
/// @note Collective over the world.
Planned make_plan(const comm::Communicator& world, const Settings& settings,
                  const model::PriorDescription* prior, const at::Device& device, bool validate_only);

/// The job in a few lines, for people.
/// @param ranks  of the world
std::string describe(const Plan& plan, const Settings& settings, const model::PriorDescription& prior,
                     int ranks);

}  // namespace foehn::job

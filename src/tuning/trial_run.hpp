#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "foehn/ensemble/team.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/device.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/tuning/reference.hpp"
#include "foehn/tuning/trial.hpp"
#include "foehn/tuning/tune.hpp"

namespace foehn::tuning {

/// Where the members of a trial lie until it is in the journal.
std::filesystem::path folder_of_trial(const Task& task, std::int64_t number);

/// What a team draws trials with; all outlives it.
struct TrialTools {
  const Task& task;
  const ensemble::Team& team;
  const model::PriorBundle& prior;
  const Reference* reference;  ///< of the team's root; null on the others
  const process::Hardware& hardware;
  process::StopToken stop;
};

/// Draws the members of a trial, those that are not there yet, and scores them.
/// @return  scores on the team's root alone; nothing if it was stopped, with checkpoints in its folder
/// @throws core::CollectiveError as job::make_plan and job::run, but not where sampling diverges: the trial
/// has
///         failed then
/// @note Collective over the team.
std::optional<Trial> run_trial(const TrialTools& tools, std::int64_t number,
                               const std::vector<double>& values);

}  // namespace foehn::tuning

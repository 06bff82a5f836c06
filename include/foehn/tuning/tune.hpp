#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/conditioning/period.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/process/device.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/tuning/reference.hpp"
#include "foehn/tuning/search.hpp"
#include "foehn/tuning/trial.hpp"

namespace foehn::tuning {

/// What can be tuned: the standard deviations of the coarse observations' errors, observation.gamma, and
/// observation.inflation.
enum class Parameter { deviation, gamma, inflation };

/// Where a parameter is looked for.
struct Range {
  double least = 0, most = 0;
};

/// What `foehn tune` is told.
struct Task {
  job::Settings settings;  ///< of a trial, all but what is tuned; what is stated of that is trial 0
  std::vector<Parameter> parameters;  ///< different; empty: as choose_parameters says
  Range std_range{0.02, 1};           ///< in units of normalised fields
  Range gamma_range{1e-3, 1}, inflation_range{0.3, 3};
  SearchOptions search;
  double spread_weight = 0.1;
  ReferenceFiles reference;
  std::vector<std::string> reserved;  ///< "START/END", both included: what will be scored later
  std::int64_t ranks_per_trial = 0;   ///< 0: all
  std::string folder;                 ///< of the journal, and of trials under way
};

/// The deviations where there are coarse observations, otherwise inflation; and gamma where guidance uses it.
std::vector<Parameter> choose_parameters(const job::Settings& settings, const model::Domain& domain);

/// The numbers that are searched: a std for each variable, which random trials choose together.
/// @throws core::UsageError for a parameter that changes nothing, or a range that does not rise
std::vector<Dimension> dimensions_of(const Task& task, const model::Domain& domain);

/// The settings of a trial: those of the task with a trial's values in place of what is tuned.
job::Settings settings_of(const Task& task, const model::Domain& domain, const std::vector<double>& values);

/// @throws core::Error if a trajectory touches a period: "START/END", dates of which both are included (a
/// bare
///         date means the whole day); core::UsageError if it is no period
void check_reserved(const std::vector<std::string>& reserved, const conditioning::Period& period);

/// How a search went.
struct Outcome {
  bool is_done = true;  ///< false if it was stopped; run again, it continues
  std::vector<Dimension> dimensions;
  std::vector<Trial> trials;
  std::optional<std::size_t> best;  ///< absent if all failed, or none was drawn
  conditioning::Period period;
};

/// Searches for the errors with which members agree best with a reanalysis that the prior was not learnt
/// from. Teams of ranks draw trials at the same time; all members share their noise, so that trials differ by
/// what is tuned alone. What comes out depends neither on the number of ranks nor on that of teams, nor on
/// whether the search was stopped and continued: trials that are done are read from the journal, those under
/// way from their checkpoints.
///
/// A trial whose sampling diverges counts as failed.
/// @param validate_only  check everything and stop
/// @throws core::CollectiveError for whatever is wrong: as job::make_plan, Reference and Journal; a
/// trajectory
///         that touches what the prior was learnt from, or what will be scored
/// @note Collective over the world.
Outcome tune(const comm::Communicator& world, const Task& task, const process::Hardware& hardware,
             const process::StopToken& stop, bool validate_only);

}  // namespace foehn::tuning

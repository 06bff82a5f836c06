#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/model/domain.hpp"

namespace foehn::job {

/// What a run finds of one variable of the members that it drew, in the variable's unit where none is named.
struct VariableCheck {
  /// What is observed, of the members, minus observations, in standard deviations of the observation error,
  /// over all sets: root of the mean square, and mean; absent where nothing is observed.
  std::optional<double> distance_rms, distance_mean;
  /// Part of the values beyond the lowest and highest of the data that the prior was learnt from.
  double beyond_range = 0;
  double lowest = 0, highest = 0;  ///< of the members' values
  /// Deviation of the changes to observed hours over that of the changes to others; absent without both
  /// kinds.
  std::optional<double> jump_at_observations;
  /// The same for hours at which one window takes over from another; absent with a stride of 1.
  std::optional<double> jump_at_windows;
  /// Root of the members' mean unbiased variance at a few cells, at observed hours and at all others; absent
  /// without such hours, or with one member.
  std::optional<double> spread_observed, spread_between;
};

/// How far members lie from one set of observations, in standard deviations of their errors.
struct SetCheck {
  std::string name;           ///< of the file
  std::int64_t variable = 0;  ///< index of the trajectory's
  std::int64_t count = 0;     ///< of values
  double distance_rms = 0, distance_mean = 0;
};

/// How well members agree with one set of observations that was withheld from them, in the variable's unit.
struct WithheldScore {
  std::string name;                 ///< of the file
  std::int64_t variable = 0;        ///< index of the trajectory's
  std::int64_t count = 0;           ///< of values
  double rmse = 0, bias = 0;        ///< of the members' mean
  std::optional<double> fair_crps;  ///< needs two members
  /// sqrt((M + 1)/M V + R) / RMSE, V being the members' mean variance and R that of the observations' errors:
  /// 1 where members spread as they err. Needs two members.
  std::optional<double> spread_skill;
};

/// What a run finds of its own members: those that it drew, not those of a run before. Of the same bits on
/// any number of ranks.
struct SelfCheck {
  std::int64_t members = 0;
  std::vector<VariableCheck> variables;
  std::vector<SetCheck> points = {};         ///< of sets at points, in the plan's order
  std::vector<WithheldScore> withheld = {};  ///< likewise
};

/// A line per variable, set of observations at points and set that was withheld, for people to read.
std::vector<std::string> describe(const SelfCheck& check, const std::vector<io::Variable>& variables);
/// What is off, a sentence each: distances above two standard deviations, more than 1 % of values beyond the
/// range, changes more than 1.5 times or less than 1 / 1.5 times the others, spread below a fiftieth of the
/// standard deviation that the prior's data have over cells and hours, or above it.
std::vector<std::string> warnings(const SelfCheck& check, const model::Domain& domain);

}  // namespace foehn::job

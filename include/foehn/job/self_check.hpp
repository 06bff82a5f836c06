#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/model/domain.hpp"

namespace foehn::job {

/// What a run finds of one variable of the members that it drew, in the variable's unit where none is named.
struct VariableCheck {
  /// Block means minus observations, in standard deviations of the observation error: root of the mean
  /// square, and mean; absent where nothing is observed.
  std::optional<double> distance_rms, distance_mean;
  /// Part of the values beyond the lowest and highest of the data that the prior was learnt from.
  double beyond_range = 0;
  /// Deviation of the changes to observed hours over that of the changes to others; absent without both
  /// kinds.
  std::optional<double> jump_at_observations;
  /// The same for hours at which one window takes over from another; absent with a stride of 1.
  std::optional<double> jump_at_windows;
  /// Root of the members' mean unbiased variance at a few cells, at observed hours and at all others; absent
  /// without such hours, or with one member.
  std::optional<double> spread_observed, spread_between;
};

/// What a run finds of its own members: those that it drew, not those of a run before. Of the same bits on
/// any number of ranks.
struct SelfCheck {
  std::int64_t members = 0;
  std::vector<VariableCheck> variables;
};

/// A line per variable, for people to read.
std::vector<std::string> describe(const SelfCheck& check, const std::vector<io::Variable>& variables);
/// What is off, a sentence each: distances above two standard deviations, more than 1 % of values beyond the
/// range, changes more than 1.5 times or less than 1 / 1.5 times the others, spread below a fiftieth of the
/// standard deviation that the prior's data have over cells and hours, or above it.
std::vector<std::string> warnings(const SelfCheck& check, const model::Domain& domain);

}  // namespace foehn::job

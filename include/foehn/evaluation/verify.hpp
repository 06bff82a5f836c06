#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "foehn/evaluation/power_curve.hpp"
#include "foehn/evaluation/ranks.hpp"
#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// Writes the climatological fields of an instant (seconds since 1970-01-01 of the members' calendar),
/// [variable, y, x] on the members' grid, in their units and order of variables; NaN for a variable that has
/// none.
using Climatology = std::function<void(std::int64_t seconds, std::span<double> fields)>;

/// How the uncertainty of scores is estimated: by drawing blocks of days with replacement.
struct BootstrapOptions {
  std::int64_t replicates = 500;  ///< 0: no intervals
  std::int64_t seed = 0;
};

struct VerifyOptions {
  /// Standard deviation of the observation error, one per variable, in its unit; empty: unknown.
  std::vector<double> observation_std = {};
  /// For the baseline of anomaly interpolation; empty leaves that baseline out.
  Climatology climatology = {};
  /// How many of the members' values (4 bytes each) are held at once, at least one hour's. Changes no score.
  std::int64_t values_in_memory = std::int64_t{1} << 25;
  BootstrapOptions bootstrap = {};
  PowerCurve power_curve = default_power_curve();
  bool show_progress = false;
};

/// Checks that there is one standard deviation per variable, or none at all.
/// @throws Error if their number is another or one is not positive
void check_observation_std(const std::vector<double>& deviations, const std::vector<io::Variable>& variables);

/// Scores the members against the reference, or, without one, what needs none, in float64. Blocks of hours
/// are shared out over the ranks; memory does not grow with the hours. The same bits on any number of ranks.
/// @return  on the root; what was compared, without scores, on the others
/// @throws Error if the number of standard deviations is not that of the variables or one is not positive, or
/// if values cannot be read
/// @note Collective.
Results verify(const Sources& sources, const VerifyOptions& options, const Ranks& ranks = {});

}  // namespace foehn::evaluation

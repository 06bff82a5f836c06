#pragma once

#include <optional>
#include <vector>

#include "evaluation/local_climate.hpp"
#include "foehn/evaluation/ranks.hpp"
#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Statistics of the members, the truth and the interpolated observations, each by itself: what a user of any
/// one trajectory sees. Each trajectory is one rank's, in memory that does not grow with its hours.
/// @param climate  of the truth, where there is one
/// @return  on the root; empty on the others
/// @throws Error if values cannot be read
/// @note Collective.
std::vector<TrajectoryStatistic> trajectory_statistics(const Sources& sources, const VerifyOptions& options,
                                                       const std::optional<LocalClimate>& climate,
                                                       const Ranks& ranks);

}  // namespace foehn::evaluation

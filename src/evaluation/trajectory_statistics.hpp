#pragma once

#include <vector>

#include "foehn/evaluation/ranks.hpp"
#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Statistics of the members, the truth and the interpolated observations, each by itself: what a user of any
/// one trajectory sees. Each trajectory is one rank's, in memory that does not grow with its hours.
/// @return  on the root; empty on the others
/// @throws Error if values cannot be read
/// @note Collective.
std::vector<TrajectoryStatistic> trajectory_statistics(const Sources& sources, const VerifyOptions& options,
                                                       const Ranks& ranks);

}  // namespace foehn::evaluation

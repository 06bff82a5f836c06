#pragma once

#include <span>
#include <vector>

#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/trajectory_statistic.hpp"

namespace foehn::evaluation {

/// Adds the quantiles of the observations, over blocks and instants of the hours that are scored, to those of
/// the trajectories: what the coarse input is like. Wind speeds are those of block means that are observed
/// together. Missing values are left out.
/// @param centres  near the middle of each variable's values
/// @throws Error if values cannot be read
void add_observed_quantiles(const Sources& sources, std::span<const double> centres,
                            std::vector<TrajectoryStatistic>& statistics);

}  // namespace foehn::evaluation

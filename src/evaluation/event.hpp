#pragma once

#include "evaluation/cell_sums.hpp"
#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// The hour at which the domain's mean wind is strongest, or without winds at which the first variable's mean
/// is farthest from what it is over all hours.
/// @param means  of the hours that are scored
std::int64_t strongest_hour(const Sources& sources, const HourlyMeans& means);

/// Finds the strongest event and reads the fields around it.
/// @throws Error if values cannot be read
Event find_event(const Sources& sources, const HourlyMeans& means);

}  // namespace foehn::evaluation

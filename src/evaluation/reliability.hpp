#pragma once

#include "evaluation/sums.hpp"
#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// What forecasts of an event by the part of the members that have it come to; absent without forecasts.
std::optional<EventReliability> finish(const EventSums& sums);

}  // namespace foehn::evaluation

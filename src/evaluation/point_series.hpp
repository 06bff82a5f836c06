#pragma once

#include <vector>

#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// For each variable, the hours around an event at the two cells of one block of observations that differ
/// most in their mean over these hours (of the truth, or of the first member without one).
/// @param middle            the hour of the event, one of those that are scored
/// @param values_in_memory  as in VerifyOptions
/// @throws Error if values cannot be read
std::vector<PointSeries> point_series(const Sources& sources, std::int64_t middle,
                                      std::int64_t values_in_memory);

}  // namespace foehn::evaluation

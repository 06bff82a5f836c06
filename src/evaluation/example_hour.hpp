#pragma once

#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// Fields of an hour in the middle of those that are scored, half-way between two observations where there
/// are two.
ExampleHour example_hour(const Sources& sources);

}  // namespace foehn::evaluation

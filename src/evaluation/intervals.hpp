#pragma once

#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/spectrum.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Gives each row of the results (all hours, and those by month, hour of day and hours since the last
/// observation) the intervals of its scores; none with fewer than five blocks. A score that a tenth of the
/// replicates lack has no interval.
void add_intervals(Results& results, const RadialSpectrum& spectrum, const BootstrapOptions& options);

}  // namespace foehn::evaluation

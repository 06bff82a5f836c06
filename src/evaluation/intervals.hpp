#pragma once

#include "evaluation/spatial_spectrum.hpp"
#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Gives the overall scores, and each row of the results (all hours, and those by month, hour of day and
/// hours since the last observation), the intervals of their scores; none with fewer than five blocks. A
/// score that a tenth of the replicates lack has no interval.
/// @param blocks  the sums of each block of days, packed
void add_intervals(Results& results, const SpatialSpectrum& spectrum,
                   const std::vector<std::vector<double>>& blocks, const BootstrapOptions& options);

}  // namespace foehn::evaluation

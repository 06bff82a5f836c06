#pragma once

#include <vector>

#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/placement.hpp"
#include "foehn/conditioning/series.hpp"
#include "foehn/model/prior_bundle.hpp"

namespace foehn::job {

/// Refuses coarse fields that a prior cannot be given.
/// @param series      the run's coarse observations
/// @param placements  of each
/// @param prior       one that is given coarse fields
/// @throws core::Error naming the file, variable or time: a variable is missing; they are means over time;
///         their variables differ in times or blocks; the prior has not learnt their blocks, or so long a gap
///         between two of them; or the trajectory begins before the first or ends after the last
void check_coarse(const std::vector<conditioning::Series>& series,
                  const std::vector<conditioning::Placement>& placements, const conditioning::Period& period,
                  const model::PriorDescription& prior);

}  // namespace foehn::job

#pragma once

#include <vector>

#include "evaluation/sums.hpp"
#include "evaluation/time_blocks.hpp"
#include "foehn/evaluation/spectrum.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Goes through a block of hours and gathers its sums, one per variable.
/// @param spectrum  of the members' grid
/// @throws Error if values cannot be read
std::vector<VariableSums> block_sums(const Sources& sources, const VerifyOptions& options,
                                     const RadialSpectrum& spectrum, const TimeBlock& block);

}  // namespace foehn::evaluation

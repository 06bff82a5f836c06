#pragma once

#include <optional>

#include "evaluation/local_climate.hpp"
#include "evaluation/sums.hpp"
#include "evaluation/time_blocks.hpp"
#include "foehn/evaluation/spectrum.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Goes through a block of hours and gathers its sums.
/// @param spectrum  of the members' grid
/// @param climate   of the reference, where there is one
/// @throws Error if values cannot be read
BlockSums block_sums(const Sources& sources, const VerifyOptions& options, const RadialSpectrum& spectrum,
                     const std::optional<LocalClimate>& climate, const TimeBlock& block);

}  // namespace foehn::evaluation

#pragma once

#include <optional>

#include "evaluation/cell_sums.hpp"
#include "evaluation/local_climate.hpp"
#include "evaluation/spatial_spectrum.hpp"
#include "evaluation/sums.hpp"
#include "evaluation/time_blocks.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// What a block of hours gives: sums that intervals resample, and what they do not need.
struct BlockResult {
  BlockSums sums;
  CellSums cells;
  HourlyMeans means;  ///< of the block's hours
};

/// Goes through a block of hours and gathers its sums.
/// @param spectrum  of the members' grid
/// @param climate   of the reference, where there is one
/// @throws Error if values cannot be read
BlockResult block_sums(const Sources& sources, const VerifyOptions& options, const SpatialSpectrum& spectrum,
                       const std::optional<LocalClimate>& climate, const TimeBlock& block);

}  // namespace foehn::evaluation

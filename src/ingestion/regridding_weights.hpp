#pragma once

#include "foehn/grid/regridding.hpp"
#include "foehn/ingestion/observation_stream.hpp"

namespace foehn::ingestion {

/// Weights from a source grid onto the target's domain, by its method or weight file.
/// @throws Error if the source does not cover the domain, or is of a kind that wants a weight file
grid::RegriddingWeights regridding_weights(const SourceGrid& source, const Target& target);

}  // namespace foehn::ingestion

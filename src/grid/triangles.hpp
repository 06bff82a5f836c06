#pragma once

#include "foehn/grid/regridding.hpp"

namespace foehn::grid {

/// bilinear_weights for a source without rows and columns in its fields: linear on triangles.
RegriddingWeights triangle_weights(const UnstructuredCells& source, const Geographic& targets);

}  // namespace foehn::grid

#pragma once

#include "foehn/grid/regridding.hpp"

namespace foehn::grid {

/// What becomes of a target outside the source.
enum class Outside { is_refused, has_no_weights };

/// bilinear_weights for a source without rows and columns in its fields: linear on triangles.
RegriddingWeights triangle_weights(const UnstructuredCells& source, const Geographic& targets,
                                   Outside outside);

}  // namespace foehn::grid

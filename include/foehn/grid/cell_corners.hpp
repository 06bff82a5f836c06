#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/grid/reduced_gaussian.hpp"

namespace foehn::grid {

/// The areas of cells, of the unit sphere, from their corners. Sides are great circles; those of a cell with
/// four corners, each side of which lies on a parallel or a meridian, are these.
///
/// @param corners  [cell, corner], in order round each cell; a cell with fewer may repeat any
std::vector<double> areas_of_corners(const Geographic& corners, std::int64_t cells);

/// The corners of cells that lie in rows, [cell, 4], anticlockwise from the south-west: half-way to the
/// neighbours in the row, and where row_edges are.
/// @return  nothing where these are not
std::optional<Geographic> corners_of_rows(const CellRows& rows, std::span<const double> areas);

}  // namespace foehn::grid

#pragma once

#include <cstddef>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// Tiles of 3 x 3 cells of all variables, spread evenly over the grid, at most eight along each side: of each
/// the places of its values in fields [variable, y, x]. None on grids with a side of fewer than 3 cells.
std::vector<std::vector<std::size_t>> spread_tiles(const grid::Grid& grid, std::size_t variables);

}  // namespace foehn::evaluation

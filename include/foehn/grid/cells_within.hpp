#pragma once

#include <cstdint>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/grid/regridding.hpp"

namespace foehn::grid {

/// The cells of a coarse grid that a fine grid covers whole, as area-weighted means of fine cells.
struct CellsWithin {
  std::vector<std::int64_t> cells;  ///< y * nx + x in the coarse grid, rising
  RegriddingWeights means;          ///< of each of these cells, [those cells, fine cell]
  bool has_repeated_column =
      false;  ///< the coarse grid repeats a column after 360 degrees, which is left out
};

/// Finds the coarse cells that the fine grid covers but for a ten-thousandth of their area, and the weights
/// of the fine cells under them: the areas of the overlaps, which sum to 1 for each.
///
/// Cells reach as far as in conservative_weights: as bounds say, else half-way to their neighbours. Grids may
/// be regular or Gaussian in latitude, reduced Gaussian, geographic or rotated, and of different poles.
/// The corners of other lists of cells are joined by great circles; a cell with fewer than three is left out.
/// Source: Jones 1999, Mon. Wea. Rev. 127:2204, Eq. 3, from the fine to the coarse grid.
///
/// @param fine    with at least 2 rows and 2 columns; or reduced Gaussian
/// @param coarse  likewise, or a list of cells with corners
/// @throws Error naming both grids' extents if no coarse cell is covered; or as conservative_weights for
///         bounds
CellsWithin cells_within(const Grid& fine, const Grid& coarse);

}  // namespace foehn::grid

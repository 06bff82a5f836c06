#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::grid {

/// The cells of a grid as bands of latitude, from south to north, each cut by meridians from west to east; in
/// the grid's own coordinates. All bands of a rectilinear grid are cut by the same meridians.
struct CellBands {
  std::vector<double> latitude_edges;             ///< [bands + 1], degrees, rising
  std::vector<double> sine_edges;                 ///< their sines
  std::vector<std::vector<double>> column_edges;  ///< [band], or one for all; [columns + 1], degrees, rising
  std::vector<std::int64_t> first_cell;           ///< [band]: the westernmost
  std::int64_t eastwards = 1;                     ///< from a cell to its eastern neighbour: 1 or -1
  std::optional<RotatedPole> pole;
  std::string extent;  ///< "lat 50.25 to 58, lon -10 to 1.75", for messages

  std::size_t bands() const { return first_cell.size(); }
  const std::vector<double>& columns(std::size_t band) const {
    return column_edges[column_edges.size() == 1 ? 0 : band];
  }
  /// y * nx + x
  std::int64_t cell(std::size_t band, std::size_t column) const {
    return first_cell[band] + eastwards * static_cast<std::int64_t>(column);
  }
};

/// A column that repeats the first one after 360 degrees is left out.
/// @throws Error as make_rising_grid and cell_edges, or that cells without rows do not lie in bands of their
/// areas
CellBands make_cell_bands(const Grid& grid);

}  // namespace foehn::grid

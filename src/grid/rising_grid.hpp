#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::grid {

/// A rectilinear grid with its rows from south to north and its columns from west to east, whichever way they
/// run in the file; coordinates are the grid's own, degrees.
struct RisingGrid {
  std::vector<double> y;
  std::vector<double> x;
  bool goes_round = false;  ///< the first column is the last one's neighbour
  /// Nothing but the pole lies beyond the last row: the grid goes round, and the row lies no more than a step
  /// from the pole.
  bool has_south_pole = false;
  bool has_north_pole = false;
  Grid grid;  ///< in its own order

  /// The index in the grid's own order, [y, x].
  std::int64_t cell(std::size_t row, std::size_t column) const;
  /// "lat 50.25 to 58, lon -10 to 1.75", for messages.
  std::string extent() const;
};

/// A column that repeats the first one after 360 degrees is left out.
/// @throws Error if the grid has fewer than 2 rows or columns, or spans more than 360 degrees
RisingGrid make_rising_grid(const Grid& grid);

/// Where the cells of a rising grid end: [rows + 1] and [columns + 1], rising, degrees; by the axes' bounds
/// where they have them, else half-way between the centres.
/// @throws Error naming the axis and the first bounds that do not enclose their centre, or do not begin
///         where those before end
struct CellEdges {
  std::vector<double> y;
  std::vector<double> x;
};
CellEdges cell_edges(const RisingGrid& grid);

/// "latitude 60.5, longitude 12.25", for messages.
std::string position_text(const Position& geographic);

}  // namespace foehn::grid

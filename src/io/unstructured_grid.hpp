#pragma once

#include <string>

#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Whether each cell of a variable's last dimension lies where it likes: it has a latitude and a longitude of
/// its own, [cell] both, or is one of a reduced Gaussian grid as cdo writes them.
bool is_unstructured(const NetcdfFile& file, const NetcdfVariable& variable);

/// Reads the cells of such a variable.
///
/// Areas are those of the variable that `cell_measures` names, or that has the standard name cell_area; else
/// those of a Gaussian grid, where the cells lie in its rows; else those of the polygons that the `bounds` of
/// latitude and longitude are. Areas in a unit of length squared are divided by the square of the earth's
/// radius, and those that cover the globe to within a hundredth are scaled to 4 pi. Corners are those bounds,
/// where cells are not boxes that follow from their rows and areas.
/// @throws Error a cell without a position, areas that are not positive, or no way to know areas
grid::UnstructuredCells read_unstructured(const NetcdfFile& file, const NetcdfVariable& variable);

/// Reads such cells, or those of a curvilinear grid, [y, x], row after row. Positions and corners that the
/// file does not give are NaN (of a curvilinear grid, of all corners of the cell), or corners empty where it
/// gives none; areas that it does not tell either, as read_unstructured finds them, are NaN.
/// @throws Error no latitude or longitude of cells
grid::UnstructuredCells read_any_cells(const NetcdfFile& file, const NetcdfVariable& variable);

/// As define_grid, write_grid and grid_attributes, of cells. Corners are written where the grid has them or
/// its cells lie in rows, whose cells are boxes.
void define_cells(NetcdfFile& file, const grid::UnstructuredCells& cells);
void write_cells(NetcdfFile& file, const grid::UnstructuredCells& cells);
Attributes cell_attributes();

}  // namespace foehn::io

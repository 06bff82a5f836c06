#pragma once

#include <optional>

#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Reads the grid that a data variable lies on from its last two dimensions; or from the last one, where its
/// cells have a latitude and a longitude each ([cell]), or are those of a reduced Gaussian grid that cdo
/// wrote.
///
/// The areas of such cells are those of the variable that `cell_measures` names or whose standard name is
/// cell_area, scaled to the unit sphere; else those of a Gaussian grid, where they lie in its rows; else
/// those of the polygons that the bounds of their latitudes and longitudes are. Longitudes that jump by a
/// turn, such as 340 to 359 and 0 to 19, go on beyond 360 degrees instead.
/// @throws Error naming what is missing: a coordinate variable, its units, a grid mapping that is not
///         supported, or the areas of cells
grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable);
/// The same for a variable that may lie on a grid of another kind.
/// @return  nothing unless its last two dimensions have coordinates in degrees that are latitude and
///          longitude, or those of a rotated grid
/// @throws Error as read_grid, for a grid that is rectilinear and of which something is missing
std::optional<grid::Grid> find_rectilinear_grid(const NetcdfFile& file, const NetcdfVariable& variable);
/// Reads a grid of any kind: as find_rectilinear_grid, or else a list of cells, of a curvilinear grid row
/// after row, with NaN for positions, corners and areas that are not known (Grids::any).
/// @throws Error as find_rectilinear_grid, or that cells have no latitude or longitude
grid::Grid read_any_grid(const NetcdfFile& file, const NetcdfVariable& variable);
/// Adds to the axes of a grid that was read from the file the bounds that their attribute `bounds` names, if
/// those are there and are pairs; to cells without rows their corners. They are not looked at yet.
void read_cell_bounds(const NetcdfFile& file, grid::Grid& grid);

}  // namespace foehn::io

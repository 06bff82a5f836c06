#pragma once

#include <optional>

#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Reads the grid that a data variable lies on from its last two dimensions.
///
/// Longitudes that jump by a turn, such as 340 to 359 and 0 to 19, go on beyond 360 degrees instead.
/// @throws Error naming what is missing: a coordinate variable, its units, a grid mapping that is not
///         supported
grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable);
/// The same for a variable that may lie on a grid of another kind.
/// @return  nothing unless its last two dimensions have coordinates in degrees that are latitude and
///          longitude, or those of a rotated grid
/// @throws Error as read_grid, for a grid that is rectilinear and of which something is missing
std::optional<grid::Grid> find_rectilinear_grid(const NetcdfFile& file, const NetcdfVariable& variable);
/// Adds to the axes of a grid that was read from the file the bounds that their attribute `bounds` names, if
/// those are there and are pairs; they are not looked at yet.
void read_cell_bounds(const NetcdfFile& file, grid::Grid& grid);

}  // namespace foehn::io

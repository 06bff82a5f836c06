#pragma once

#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Names of the variables that say where a grid's cells end; as CMOR calls those of 2-D positions.
inline constexpr const char* kLatitudeVertices = "vertices_lat";
inline constexpr const char* kLongitudeVertices = "vertices_lon";
std::string bounds_name(const grid::Axis& axis);

/// Defines the bounds of the axes, and of a rotated grid the geographic positions of its cells' corners.
void define_cell_bounds(NetcdfFile& file, const grid::Grid& grid);
/// Writes their values: cells end half-way between their centres, where the grid does not say otherwise.
/// @throws Error if an axis has one value only, which tells nothing of its cell
void write_cell_bounds(NetcdfFile& file, const grid::Grid& grid);

}  // namespace foehn::io

#pragma once

#include <optional>
#include <string>

#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Whether a variable holds latitudes, by its units (any of CF's spellings of degrees_north) or by its
/// standard name and plain degrees or radians.
bool is_latitude(const NetcdfVariable& variable);
/// The same for longitudes.
bool is_longitude(const NetcdfVariable& variable);
/// "degrees" or "degree", which say no direction.
bool is_plain_degrees(const std::string& units);

/// "radian" or "radians".
bool is_radians(const std::string& units);

/// Latitude and longitude of every cell of a field.
struct HorizontalPositions {
  std::string latitude_name, longitude_name;  ///< of the variables
  grid::Geographic cells;                     ///< degrees, [y, x] or [cell]; NaN where there is no position
};

/// Reads the variables that give each cell of a field a latitude and a longitude, in degrees or radians:
/// among those that its attribute `coordinates` names, or else in all of the file. Models that leave out
/// cells, such as those over land, write fill values or zeros for their positions: such cells have none. A
/// single cell at 0, 0 is one like any other.
///
/// @param horizontal_dimensions  of the field, the last ones: 2, y and x; 1, the cells of a mesh
/// @return                       nothing if one or the other is missing
/// @throws Error naming the variable: a unit that is not one of angles, or a value out of range
std::optional<HorizontalPositions> read_positions(const NetcdfFile& file, const NetcdfVariable& field,
                                                  std::size_t horizontal_dimensions);

/// Whether there are such variables; they are not read.
bool has_positions(const NetcdfFile& file, const NetcdfVariable& field, std::size_t horizontal_dimensions);

/// How far apart cells of a rectilinear grid may lie from where positions say they do, as a part of its
/// smaller step: rounding in files, but never a cell beside.
inline constexpr double kMostOff = 0.25;

/// The first cell that lies elsewhere on a grid than its positions say.
struct MisplacedCell {
  std::int64_t y = 0, x = 0;
  double distance = 0;  ///< degrees of a great circle
};
/// Cells without a position are left out, and of large grids every few cells are looked at: axes and mappings
/// that are wrong are so everywhere. Nothing where all lie within kMostOff.
std::optional<MisplacedCell> find_misplaced(const grid::Grid& grid, const grid::Geographic& positions);

/// The pole of a rotated grid whose file says only where its cells lie: the rotation that brings the points
/// of its axes closest to their positions.
/// Source: polar decomposition of the sum of outer products (Higham 1986), Kabsch's problem.
///
/// @param grid  its axes; a pole that it has is ignored
/// @return      nothing if no rotation brings all cells to within kMostOff of their positions
std::optional<grid::RotatedPole> find_rotated_pole(const grid::Grid& grid, const grid::Geographic& positions);

}  // namespace foehn::io

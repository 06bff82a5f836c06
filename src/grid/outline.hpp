#pragma once

#include <functional>
#include <vector>

#include "foehn/grid/rotation.hpp"

namespace foehn::grid {

/// A point of the equal-area plane of a sphere.
struct PlanePoint {
  double longitude = 0;  ///< degrees; any multiple of 360 off
  double sine = 0;       ///< of the latitude
};

/// A closed polygon in the equal-area plane, anticlockwise.
using Outline = std::vector<PlanePoint>;

/// South, north, west and east of a cell in its grid's own coordinates, degrees.
struct CellSides {
  double south = 0, north = 0, west = 0, east = 0;
};

/// The outline of a cell in the coordinates of another grid. Its sides are bisected until none cuts off more
/// than a millionth of the cell's area. A cell that holds a pole of the other grid is closed along the pole,
/// which is a line in the plane.
///
/// @param convert  from the cell's coordinates to the other grid's
Outline cell_outline(const CellSides& sides, const std::function<Position(const Position&)>& convert);

/// The outline of a cell whose sides are great circles between its corners, given either way round, in the
/// coordinates of another grid. Sides are cut into 16 pieces.
///
/// @param corners  geographic; those that repeat the one before count once
/// @param convert  from geographic coordinates to the other grid's
/// @return         empty for fewer than three corners; a cell that holds a pole of the other grid is closed
///                 along it, and lies on that pole's side of the equator
Outline polygon_outline(const std::vector<Position>& corners,
                        const std::function<Position(const Position&)>& convert);

/// What is left of the polygon between two parallels, and between two meridians.
Outline clip_sines(const Outline& outline, double least, double greatest);
Outline clip_longitudes(const Outline& outline, double west, double east);

/// The area, in degrees times sine; 0 for fewer than three points.
double area(const Outline& outline);

}  // namespace foehn::grid

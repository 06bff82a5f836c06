#pragma once

#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::grid {

/// Radians in a degree.
inline constexpr double kRadians = std::numbers::pi / 180.0;

/// A point on the sphere, degrees; in geographic or in rotated coordinates.
struct Position {
  double latitude = 0;
  double longitude = 0;
};

/// The geographic position of a point of a rotated grid; its longitude lies in [-180, 180].
Position to_geographic(const RotatedPole& pole, const Position& rotated);
/// The position in rotated coordinates of a geographic point; its longitude lies in [-180, 180].
Position to_rotated(const RotatedPole& pole, const Position& geographic);

/// Whether two grids have the same pole or none, to within 1e-4 degrees: files hold poles in float32.
bool is_same_pole(const std::optional<RotatedPole>& a, const std::optional<RotatedPole>& b);

/// How far a grid's own directions are turned at each of its cells: the angle a from geographic east to the
/// grid's east, anticlockwise, radians, [y, x]. Zero everywhere on a geographic grid.
///
/// The grid's north at a point is the bearing of the rotated pole from there.
std::vector<double> grid_angles(const Grid& grid);

/// Turns winds in place from components along the grid to geographic ones (eastward, northward):
/// u = u_grid cos a - v_grid sin a, v = u_grid sin a + v_grid cos a.
///
/// @param angles  of grid_angles, one per cell
/// @param u, v    [y, x], any unit that is the same for both
/// @throws Error if the sizes differ
void rotate_winds_to_geographic(std::span<const double> angles, std::span<float> u, std::span<float> v);

}  // namespace foehn::grid

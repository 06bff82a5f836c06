#include "foehn/grid/rotation.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::grid {

namespace {

constexpr double kPoleTolerance = 1e-4;  // degrees

}  // namespace

bool is_same_pole(const std::optional<RotatedPole>& a, const std::optional<RotatedPole>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  const auto is_near = [](double one, double other) {
    return std::abs(std::remainder(one - other, 360.0)) <= kPoleTolerance;
  };
  return is_near(a->pole_latitude, b->pole_latitude) && is_near(a->pole_longitude, b->pole_longitude) &&
         is_near(a->north_pole_grid_longitude, b->north_pole_grid_longitude);
}

Position to_geographic(const RotatedPole& pole, const Position& rotated) {
  // Spherical triangle of the cell, the geographic and the rotated pole: phi is the cell's latitude in
  // the rotated system, lambda its longitude there, counted from the meridian of the geographic pole.
  const double phi = rotated.latitude * kRadians;
  const double lambda = (rotated.longitude - pole.north_pole_grid_longitude) * kRadians;
  const double sin_pole = std::sin(pole.pole_latitude * kRadians);
  const double cos_pole = std::cos(pole.pole_latitude * kRadians);
  const double north = sin_pole * std::sin(phi) + cos_pole * std::cos(phi) * std::cos(lambda);
  const double east = std::cos(phi) * std::sin(lambda);
  const double outward = sin_pole * std::cos(phi) * std::cos(lambda) - cos_pole * std::sin(phi);
  const double longitude = pole.pole_longitude + 180.0 + std::atan2(east, outward) / kRadians;
  return {std::asin(std::clamp(north, -1.0, 1.0)) / kRadians, std::remainder(longitude, 360.0)};
}

Position to_rotated(const RotatedPole& pole, const Position& geographic) {
  // The same triangle seen from the other side: the poles change places.
  const RotatedPole seen_from_grid{pole.pole_latitude, pole.north_pole_grid_longitude, pole.pole_longitude};
  return to_geographic(seen_from_grid, geographic);
}

std::vector<double> grid_angles(const Grid& grid) {
  std::vector<double> angles(static_cast<std::size_t>(grid.cells()), 0.0);
  if (!grid.rotated_pole) return angles;
  const Geographic cells = geographic_coordinates(grid);
  const double pole_latitude = grid.rotated_pole->pole_latitude * kRadians;
  for (std::size_t i = 0; i < angles.size(); ++i) {
    const double latitude = cells.latitude[i] * kRadians;
    const double ahead = (grid.rotated_pole->pole_longitude - cells.longitude[i]) * kRadians;
    const double east = std::cos(pole_latitude) * std::sin(ahead);
    const double north = std::cos(latitude) * std::sin(pole_latitude) -
                         std::sin(latitude) * std::cos(pole_latitude) * std::cos(ahead);
    // A bearing counts clockwise from north.
    angles[i] = -std::atan2(east, north);
  }
  return angles;
}

void rotate_winds_to_geographic(std::span<const double> angles, std::span<float> u, std::span<float> v) {
  if (u.size() != angles.size() || v.size() != angles.size()) {
    throw core::Error("winds to rotate: " + std::to_string(u.size()) + " and " + std::to_string(v.size()) +
                      " components, expected " + std::to_string(angles.size()) + " of each");
  }
  for (std::size_t i = 0; i < angles.size(); ++i) {
    const double cosine = std::cos(angles[i]);
    const double sine = std::sin(angles[i]);
    const double first = u[i];
    const double second = v[i];
    u[i] = static_cast<float>(cosine * first - sine * second);
    v[i] = static_cast<float>(cosine * second + sine * first);
  }
}

}  // namespace foehn::grid

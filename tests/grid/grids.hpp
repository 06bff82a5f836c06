#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/grid/regridding.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::grid {

inline Axis make_axis(const std::string& name, double first, double step, std::int64_t size) {
  Axis axis{
      name, name == "lat" ? "latitude" : "longitude", name == "lat" ? "degrees_north" : "degrees_east", {}};
  for (std::int64_t i = 0; i < size; ++i) axis.values.push_back(first + step * static_cast<double>(i));
  return axis;
}

/// 33 x 49 points at a quarter of a degree, from north to south, as in ERA5.
inline Grid make_british_grid() {
  return {make_axis("lat", 58, -0.25, 33), make_axis("lon", -10, 0.25, 49), std::nullopt};
}

/// A geographic grid round the globe of `ny` x `nx` cells of one size.
inline Grid make_global_grid(std::int64_t ny, std::int64_t nx, double first_longitude = 0) {
  const double step = 180.0 / static_cast<double>(ny);
  return {make_axis("lat", -90 + step / 2, step, ny),
          make_axis("lon", first_longitude, 360.0 / static_cast<double>(nx), nx), std::nullopt};
}

/// A rotated grid over Europe, as EUR-11 but coarser.
inline Grid make_european_grid(std::int64_t ny = 21, std::int64_t nx = 22) {
  Grid grid{make_axis("rlat", -23, 44.0 / static_cast<double>(ny - 1), ny),
            make_axis("rlon", -28, 46.0 / static_cast<double>(nx - 1), nx), RotatedPole{39.25, -162, 0}};
  for (Axis* axis : {&grid.y, &grid.x}) {
    axis->units = "degrees";
    axis->standard_name = axis == &grid.y ? "grid_latitude" : "grid_longitude";
  }
  return grid;
}

/// A field [y, x] from geographic latitude and longitude, degrees.
inline std::vector<float> make_field(const Grid& grid, const std::function<double(double, double)>& value) {
  const Geographic cells = geographic_coordinates(grid);
  std::vector<float> field;
  for (std::size_t i = 0; i < cells.latitude.size(); ++i) {
    field.push_back(static_cast<float>(value(cells.latitude[i], cells.longitude[i])));
  }
  return field;
}

/// Smooth on the whole sphere, poles and seam too; about -3 to 3.
inline double smooth(double latitude, double longitude) {
  const double x = std::cos(latitude * kRadians) * std::cos(longitude * kRadians);
  const double y = std::cos(latitude * kRadians) * std::sin(longitude * kRadians);
  const double z = std::sin(latitude * kRadians);
  return x + 2 * y * z - z * z * z + 0.5 * x * y;
}

inline std::vector<float> regrid(const RegriddingWeights& weights, const std::vector<float>& source) {
  std::vector<float> target(static_cast<std::size_t>(weights.target_cells()));
  weights.apply(source, target);
  return target;
}

/// Points all over the sphere, or all over a part of it.
inline Geographic random_points(std::size_t count, double south = -90, double north = 90, double west = -180,
                                double east = 180) {
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> latitude(south, north), longitude(west, east);
  Geographic points;
  for (std::size_t i = 0; i < count; ++i) {
    points.latitude.push_back(latitude(generator));
    points.longitude.push_back(longitude(generator));
  }
  return points;
}

/// Turns winds in place from geographic components to those along a grid.
/// @param angles  of grid_angles
inline void turn_winds_to_grid(std::vector<double> angles, std::span<float> u, std::span<float> v) {
  for (double& angle : angles) angle = -angle;
  rotate_winds_to_geographic(angles, u, v);
}

}  // namespace foehn::grid

#include "cell_bounds.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::io {
namespace {

constexpr const char* kBounds = "bnds";
constexpr const char* kVertices = "vertices";

/// [size, 2], in the order of the values.
std::vector<double> axis_bounds(const grid::Axis& axis, bool is_latitude) {
  if (!axis.bounds.empty()) return axis.bounds;
  const std::vector<double>& at = axis.values;
  if (at.size() < 2)
    throw core::Error("coordinate " + axis.name + " has one value, which does not tell where its cell ends");
  std::vector<double> bounds;
  for (std::size_t i = 0; i < at.size(); ++i) {
    bounds.push_back(i > 0 ? (at[i - 1] + at[i]) / 2 : at[0] - (at[1] - at[0]) / 2);
    bounds.push_back(i + 1 < at.size() ? (at[i] + at[i + 1]) / 2 : at[i] + (at[i] - at[i - 1]) / 2);
  }
  if (is_latitude)
    for (double& bound : bounds) bound = std::clamp(bound, -90.0, 90.0);
  return bounds;
}

/// The corners of every cell, [y, x, 4], anticlockwise from the south-west of the rotated grid.
grid::Geographic corners(const grid::Grid& grid, std::span<const double> y, std::span<const double> x) {
  grid::Geographic positions;
  for (std::size_t j = 0; j < y.size(); j += 2)
    for (std::size_t i = 0; i < x.size(); i += 2) {
      const auto [south, north] = std::minmax({y[j], y[j + 1]});
      const auto [west, east] = std::minmax({x[i], x[i + 1]});
      for (const grid::Position& corner : {grid::Position{south, west}, grid::Position{south, east},
                                           grid::Position{north, east}, grid::Position{north, west}}) {
        const grid::Position position = grid::to_geographic(*grid.rotated_pole, corner);
        positions.latitude.push_back(position.latitude);
        positions.longitude.push_back(position.longitude);
      }
    }
  return positions;
}

}  // namespace

std::string bounds_name(const grid::Axis& axis) {
  return axis.name + "_" + kBounds;
}

void define_cell_bounds(NetcdfFile& file, const grid::Grid& grid) {
  if (!file.dimension_size(kBounds)) file.define_dimension(kBounds, 2);
  for (const grid::Axis* axis : {&grid.y, &grid.x})
    file.define_variable(bounds_name(*axis), NetcdfType::float64, {axis->name, kBounds}, {});
  if (!grid.rotated_pole) return;
  file.define_dimension(kVertices, 4);
  // Without units: bounds have those of their coordinates.
  for (const char* name : {kLatitudeVertices, kLongitudeVertices})
    file.define_variable(name, NetcdfType::float64, {grid.y.name, grid.x.name, kVertices}, {});
}

void write_cell_bounds(NetcdfFile& file, const grid::Grid& grid) {
  const std::vector<double> y = axis_bounds(grid.y, true), x = axis_bounds(grid.x, false);
  file.write(bounds_name(grid.y), std::span<const double>(y));
  file.write(bounds_name(grid.x), std::span<const double>(x));
  if (!grid.rotated_pole) return;
  const grid::Geographic positions = corners(grid, y, x);
  file.write(kLatitudeVertices, std::span<const double>(positions.latitude));
  file.write(kLongitudeVertices, std::span<const double>(positions.longitude));
}

}  // namespace foehn::io

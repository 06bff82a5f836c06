#include "foehn/grid/cell_corners.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "foehn/grid/rotation.hpp"
#include "sphere.hpp"

namespace foehn::grid {
namespace {

/// Degrees by which corners on one parallel or meridian may differ: float32 at 360 degrees.
constexpr double kSameDegrees = 5e-5;

/// Source: van Oosterom and Strackee 1983, for the solid angle of a triangle.
double signed_area(const Vector& a, const Vector& b, const Vector& c) {
  return 2 * std::atan2(dot(a, cross(b, c)), 1 + dot(a, b) + dot(b, c) + dot(c, a));
}

bool is_box(std::span<const double> latitude, std::span<const double> longitude) {
  if (latitude.size() != 4) return false;
  const auto same_latitude = [&](std::size_t i, std::size_t j) {
    return std::abs(latitude[i] - latitude[j]) <= kSameDegrees;
  };
  const auto same_longitude = [&](std::size_t i, std::size_t j) {
    return std::abs(std::remainder(longitude[i] - longitude[j], 360.0)) <= kSameDegrees;
  };
  return (same_latitude(0, 1) && same_longitude(1, 2) && same_latitude(2, 3) && same_longitude(3, 0)) ||
         (same_longitude(0, 1) && same_latitude(1, 2) && same_longitude(2, 3) && same_latitude(3, 0));
}

}  // namespace

std::vector<double> areas_of_corners(const Geographic& corners, std::int64_t cells) {
  std::vector<double> areas;
  const std::size_t each = corners.latitude.size() / static_cast<std::size_t>(cells);
  for (std::size_t cell = 0; cell < static_cast<std::size_t>(cells); ++cell) {
    const std::span latitude(corners.latitude.data() + cell * each, each);
    const std::span longitude(corners.longitude.data() + cell * each, each);
    if (is_box(latitude, longitude)) {
      const double width = std::abs(std::remainder(longitude[2] - longitude[0], 360.0)) * kRadians;
      areas.push_back(width * std::abs(std::sin(latitude[2] * kRadians) - std::sin(latitude[0] * kRadians)));
      continue;
    }
    const auto corner = [&](std::size_t i) { return unit_vector(latitude[i], longitude[i]); };
    double area = 0;
    for (std::size_t i = 1; i + 1 < each; ++i) area += signed_area(corner(0), corner(i), corner(i + 1));
    areas.push_back(std::abs(area));
  }
  return areas;
}

std::optional<Geographic> corners_of_rows(const CellRows& rows, std::span<const double> areas) {
  const auto edges = row_edges(rows, areas);
  if (!edges) return std::nullopt;
  Geographic corners;
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    const auto i = static_cast<std::size_t>(row);
    const double north = std::asin((*edges)[i]) / kRadians, south = std::asin((*edges)[i + 1]) / kRadians;
    const double step = 360.0 / static_cast<double>(rows.size(row));
    for (std::int64_t point = 0; point < rows.size(row); ++point) {
      const double west = rows.first_longitude[i] + (static_cast<double>(point) - 0.5) * step;
      corners.latitude.insert(corners.latitude.end(), {south, south, north, north});
      corners.longitude.insert(corners.longitude.end(), {west, west + step, west + step, west});
    }
  }
  return corners;
}

}  // namespace foehn::grid

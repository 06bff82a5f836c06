#include "evaluation/central_differences.hpp"

#include <cmath>

#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kEarthRadius = 6371e3;      // m
constexpr double kHighestGridLatitude = 89;  // degrees

}  // namespace

CentralDifferences::CentralDifferences(const grid::Grid& grid)
    : nx_(static_cast<std::size_t>(grid.nx())),
      width_(static_cast<std::size_t>(grid.cells())),
      height_(width_),
      curvature_(width_) {
  const std::vector<double>&latitudes = grid.y.values, &longitudes = grid.x.values;
  for (std::size_t y = 1; y + 1 < latitudes.size(); ++y) {
    if (!(std::abs(latitudes[y]) < kHighestGridLatitude)) continue;
    const double latitude = latitudes[y] * grid::kRadians;
    for (std::size_t x = 1; x + 1 < longitudes.size(); ++x) {
      const std::size_t cell = y * nx_ + x;
      const double degrees = std::remainder(longitudes[x + 1] - longitudes[x - 1], 360.0);
      if (degrees == 0) continue;
      width_[cell] = kEarthRadius * std::cos(latitude) * degrees * grid::kRadians;
      height_[cell] = kEarthRadius * (latitudes[y + 1] - latitudes[y - 1]) * grid::kRadians;
      curvature_[cell] = std::tan(latitude) / kEarthRadius;
      cells_.push_back(cell);
    }
  }
}

}  // namespace foehn::evaluation

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "foehn/grid/grid.hpp"
#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {

/// The distance between two cells along the sphere, by the haversine formula.
inline double kilometres_between(const grid::Geographic& cells, std::size_t one, std::size_t other) {
  constexpr double kEarthRadius = 6371;  // km
  const auto haversine = [](double degrees) { return std::pow(std::sin(degrees * grid::kRadians / 2), 2); };
  const double part = haversine(cells.latitude[other] - cells.latitude[one]) +
                      std::cos(cells.latitude[one] * grid::kRadians) *
                          std::cos(cells.latitude[other] * grid::kRadians) *
                          haversine(cells.longitude[other] - cells.longitude[one]);
  return 2 * kEarthRadius * std::asin(std::sqrt(std::min(1.0, part)));
}

}  // namespace foehn::evaluation

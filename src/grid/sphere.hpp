#pragma once

#include <array>
#include <cmath>

#include "foehn/grid/rotation.hpp"

namespace foehn::grid {

/// A point of space, the sphere's radius being 1.
using Vector = std::array<double, 3>;

inline double dot(const Vector& a, const Vector& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

inline Vector cross(const Vector& a, const Vector& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

inline Vector unit_vector(double latitude, double longitude) {
  const double cosine = std::cos(latitude * kRadians);
  return {cosine * std::cos(longitude * kRadians), cosine * std::sin(longitude * kRadians),
          std::sin(latitude * kRadians)};
}

}  // namespace foehn::grid

#include "foehn/mesh/sphere.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace foehn::mesh {

namespace {

constexpr double kDegree = std::numbers::pi / 180;

}  // namespace

Point on_sphere(double latitude, double longitude) {
  const double phi = latitude * kDegree, lambda = longitude * kDegree;
  return {std::cos(phi) * std::cos(lambda), std::cos(phi) * std::sin(lambda), std::sin(phi)};
}

double latitude_of(const Point& point) {
  return std::atan2(point[2], std::hypot(point[0], point[1])) / kDegree;
}

double longitude_of(const Point& point) {
  return std::atan2(point[1], point[0]) / kDegree;
}

double inner_product(const Point& a, const Point& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

double squared_chord(const Point& a, const Point& b) {
  const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];
  return x * x + y * y + z * z;
}

double great_circle_angle(const Point& a, const Point& b) {
  return 2 * std::asin(std::min(std::sqrt(squared_chord(a, b)) / 2, 1.0));
}

}  // namespace foehn::mesh

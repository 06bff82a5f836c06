#pragma once

#include <array>

namespace foehn::mesh {

/// A point on the unit sphere: x towards 0 E on the equator, y towards 90 E, z towards the north pole.
using Point = std::array<double, 3>;

/// @param latitude, longitude  degrees
Point on_sphere(double latitude, double longitude);

/// Degrees, from -90 to 90.
double latitude_of(const Point& point);
/// Degrees, from -180 to 180.
double longitude_of(const Point& point);

double inner_product(const Point& a, const Point& b);
/// The square of the straight distance between two points.
double squared_chord(const Point& a, const Point& b);
/// The angle between two points as seen from the centre, radians; precise for small ones too.
double great_circle_angle(const Point& a, const Point& b);

}  // namespace foehn::mesh

#include "outline.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sphere.hpp"

namespace foehn::grid {
namespace {

/// A side is bisected at least twice (a bent one may pass through the middle of its chord) and never more
/// than this often: next to a pole of the other grid the plane has a corner that no chord follows.
constexpr int kLeastBisections = 2;
constexpr int kMostBisections = 12;
constexpr double kAreaTolerance = 1e-6;
constexpr int kPieces = 16;                  // of a side that is a great circle
constexpr double kSamePoint = 1 - 1e-14;     // cosine of 1e-7 radians, 1 m
constexpr double kPoleLatitude = 90 - 1e-5;  // degrees: a point further north is the pole

/// Twice the area of a triangle, positive if it runs anticlockwise.
double twice_area(const PlanePoint& a, const PlanePoint& b, const PlanePoint& c) {
  return (b.longitude - a.longitude) * (c.sine - a.sine) - (c.longitude - a.longitude) * (b.sine - a.sine);
}

class OutlineTracer {
 public:
  OutlineTracer(const std::function<Position(const Position&)>& convert, double tolerance)
      : convert_(convert), tolerance_(tolerance) {}

  /// Appends the points of a side after its first one, which the outline ends with.
  void add_side(const Position& from, const Position& to, int bisections = 0) {
    const Position middle{(from.latitude + to.latitude) / 2, (from.longitude + to.longitude) / 2};
    const PlanePoint a = outline.back();
    const PlanePoint m = point_near(middle, a);
    const PlanePoint b = point_near(to, m);
    const bool is_straight = std::abs(twice_area(a, m, b)) / 2 <= tolerance_;
    if (bisections >= kMostBisections || (bisections >= kLeastBisections && is_straight)) {
      outline.push_back(m);
      outline.push_back(b);
      return;
    }
    add_side(from, middle, bisections + 1);
    add_side(middle, to, bisections + 1);
  }

  /// The point on that turn round the globe that is nearest to its neighbour.
  PlanePoint point_near(const Position& position, const PlanePoint& neighbour) const {
    const Position converted = convert_(position);
    const double turn = std::remainder(converted.longitude - neighbour.longitude, 360.0);
    return {neighbour.longitude + turn, std::sin(converted.latitude * kRadians)};
  }

  Outline outline;

 private:
  const std::function<Position(const Position&)>& convert_;
  double tolerance_;
};

/// Sutherland & Hodgman 1974 for one straight border: what lies where `inside` is not negative. It is linear
/// along a side.
template <class Inside>
Outline clip(const Outline& outline, const Inside& inside) {
  Outline kept;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    const PlanePoint& a = outline[i];
    const PlanePoint& b = outline[(i + 1) % outline.size()];
    const double at_a = inside(a);
    const double at_b = inside(b);
    if (at_a >= 0) kept.push_back(a);
    if ((at_a >= 0) != (at_b >= 0)) {
      const double part = at_a / (at_a - at_b);
      kept.push_back({a.longitude + part * (b.longitude - a.longitude), a.sine + part * (b.sine - a.sine)});
    }
  }
  return kept;
}

/// Closes what went once round a pole along it.
void close_along_pole(Outline& outline, double pole) {
  outline.push_back({outline.back().longitude, pole});
  outline.push_back({outline.front().longitude, pole});
}

/// Corners without those that repeat the one before.
std::vector<Vector> different_points(const std::vector<Position>& corners) {
  std::vector<Vector> points;
  for (const Position& corner : corners) {
    const Vector point = unit_vector(corner.latitude, corner.longitude);
    if (points.empty() || dot(point, points.back()) < kSamePoint) points.push_back(point);
  }
  while (points.size() > 1 && dot(points.front(), points.back()) >= kSamePoint) points.pop_back();
  return points;
}

/// Points along the great circles between corners, in the coordinates of another grid.
std::vector<Position> sides_of(const std::vector<Vector>& corners,
                               const std::function<Position(const Position&)>& convert) {
  std::vector<Position> positions;
  for (std::size_t i = 0; i < corners.size(); ++i) {
    const Vector &from = corners[i], &to = corners[(i + 1) % corners.size()];
    for (int piece = 0; piece < kPieces; ++piece) {
      const double part = static_cast<double>(piece) / kPieces;
      Vector point;  // on the chord, which lies in the plane of the great circle
      for (std::size_t k = 0; k < 3; ++k) point[k] = from[k] + part * (to[k] - from[k]);
      positions.push_back(convert({std::atan2(point[2], std::hypot(point[0], point[1])) / kRadians,
                                   std::atan2(point[1], point[0]) / kRadians}));
    }
  }
  return positions;
}

bool is_pole(const Position& position) {
  return std::abs(position.latitude) > kPoleLatitude;
}

}  // namespace

Outline cell_outline(const CellSides& sides, const std::function<Position(const Position&)>& convert) {
  const double cell_area =
      (sides.east - sides.west) * (std::sin(sides.north * kRadians) - std::sin(sides.south * kRadians));
  OutlineTracer tracer(convert, kAreaTolerance * cell_area);
  const std::array<Position, 5> corners{{{sides.south, sides.west},
                                         {sides.south, sides.east},
                                         {sides.north, sides.east},
                                         {sides.north, sides.west},
                                         {sides.south, sides.west}}};
  tracer.outline.push_back(tracer.point_near(corners[0], {}));
  for (std::size_t i = 0; i + 1 < corners.size(); ++i) tracer.add_side(corners[i], corners[i + 1]);

  Outline outline = std::move(tracer.outline);
  const double turned = outline.back().longitude - outline.front().longitude;
  // Once round a pole: the cell lies to the left, so going east it holds the north pole.
  if (std::abs(turned) > 180.0) close_along_pole(outline, turned > 0 ? 1.0 : -1.0);
  return outline;
}

Outline polygon_outline(const std::vector<Position>& corners,
                        const std::function<Position(const Position&)>& convert) {
  const std::vector<Vector> points = different_points(corners);
  if (points.size() < 3) return {};
  std::vector<Position> sides = sides_of(points, convert);
  // A pole has no longitude of its own: the outline begins elsewhere, and comes and goes along meridians.
  const auto start = std::find_if_not(sides.begin(), sides.end(), is_pole);
  if (start == sides.end()) return {};
  std::rotate(sides.begin(), start, sides.end());
  sides.push_back(sides.front());
  Outline outline;
  double sum_of_sines = 0, pole = 0;
  for (const Position& own : sides) {
    const double sine = std::sin(own.latitude * kRadians);
    sum_of_sines += sine;
    if (is_pole(own)) {
      pole = std::copysign(1.0, sine);
      outline.push_back({outline.back().longitude, pole});
      continue;
    }
    const double before = outline.empty() ? own.longitude : outline.back().longitude;
    const double longitude = before + std::remainder(own.longitude - before, 360.0);
    if (pole != 0) outline.push_back({longitude, pole});
    pole = 0;
    outline.push_back({longitude, sine});
  }
  const double turned = outline.back().longitude - outline.front().longitude;
  if (std::abs(turned) > 180.0) close_along_pole(outline, std::copysign(1.0, sum_of_sines));
  return outline;
}

Outline clip_sines(const Outline& outline, double least, double greatest) {
  const Outline above = clip(outline, [=](const PlanePoint& p) { return p.sine - least; });
  return clip(above, [=](const PlanePoint& p) { return greatest - p.sine; });
}

Outline clip_longitudes(const Outline& outline, double west, double east) {
  const Outline right = clip(outline, [=](const PlanePoint& p) { return p.longitude - west; });
  return clip(right, [=](const PlanePoint& p) { return east - p.longitude; });
}

double area(const Outline& outline) {
  double twice = 0;
  for (std::size_t i = 2; i < outline.size(); ++i)
    twice += twice_area(outline[0], outline[i - 1], outline[i]);
  return std::abs(twice) / 2;
}

}  // namespace foehn::grid

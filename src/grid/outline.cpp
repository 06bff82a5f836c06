#include "outline.hpp"

#include <array>
#include <cmath>

namespace foehn::grid {
namespace {

/// A side is bisected at least twice (a bent one may pass through the middle of its chord) and never more
/// than this often: next to a pole of the other grid the plane has a corner that no chord follows.
constexpr int kLeastBisections = 2;
constexpr int kMostBisections = 12;
constexpr double kAreaTolerance = 1e-6;

/// Twice the area of a triangle, positive if it runs anticlockwise.
double cross(const PlanePoint& a, const PlanePoint& b, const PlanePoint& c) {
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
    const bool is_straight = std::abs(cross(a, m, b)) / 2 <= tolerance_;
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
  if (std::abs(turned) > 180.0) {
    // Once round a pole: the cell lies to the left, so going east it holds the north pole.
    const double pole = turned > 0 ? 1.0 : -1.0;
    outline.push_back({outline.back().longitude, pole});
    outline.push_back({outline.front().longitude, pole});
  }
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
  for (std::size_t i = 2; i < outline.size(); ++i) twice += cross(outline[0], outline[i - 1], outline[i]);
  return std::abs(twice) / 2;
}

}  // namespace foehn::grid

#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "foehn/mesh/sphere.hpp"

namespace foehn::mesh {

/// Finds which of some points are near a place.
class Neighbours {
 public:
  /// @param points  at least one
  explicit Neighbours(const std::vector<Point>& points);
  ~Neighbours();

  /// Numbers of the points within a chord, the nearest first; of those equally near, to within rounding, the
  /// smaller number.
  std::vector<std::int64_t> within(const Point& place, double reach) const;
  /// The nearest ones, in the same order.
  /// @param count  at most as many as there are points
  std::vector<std::int64_t> nearest(const Point& place, std::int64_t count) const;

 private:
  struct Tree;
  const std::vector<Point>& points_;
  std::unique_ptr<Tree> tree_;
};

}  // namespace foehn::mesh

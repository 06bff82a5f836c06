#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "foehn/core/error.hpp"
#include "foehn/grid/regridding.hpp"
#include "rising_grid.hpp"
#include "sphere.hpp"
#include "weights_builder.hpp"

namespace foehn::grid {
namespace {

/// A target on a side belongs to both quadrilaterals, whatever the rounding; a part of a cell.
constexpr double kOnSide = 1e-9;

/// Where in a quadrilateral a target lies: 0 to 1 from the first to the second column and row.
struct Inside {
  double x = 0;
  double y = 0;
};

/// Inverts the bilinear map of the unit square onto the quadrilateral, as it is seen from the centre of the
/// sphere on the plane that touches it at the target (the plane's origin), by Newton's method.
/// @param corners  (row, column) = (0, 0), (0, 1), (1, 0), (1, 1)
std::optional<Inside> locate_in_quadrilateral(const std::array<Vector, 4>& corners, double latitude,
                                              double longitude) {
  const double phi = latitude * kRadians;
  const double lambda = longitude * kRadians;
  const Vector target = unit_vector(latitude, longitude);
  const Vector east{-std::sin(lambda), std::cos(lambda), 0};
  const Vector north{-std::sin(phi) * std::cos(lambda), -std::sin(phi) * std::sin(lambda), std::cos(phi)};
  std::array<std::array<double, 2>, 4> plane{};
  for (std::size_t i = 0; i < 4; ++i) {
    const double towards = dot(corners[i], target);
    if (towards <= 0) return std::nullopt;
    plane[i] = {dot(corners[i], east) / towards, dot(corners[i], north) / towards};
  }
  constexpr int kMostSteps = 30;
  Inside at{0.5, 0.5};
  for (int step = 0; step < kMostSteps; ++step) {
    std::array<double, 2> value{}, by_x{}, by_y{};
    for (std::size_t k = 0; k < 2; ++k) {
      const double along_x = plane[1][k] - plane[0][k];
      const double along_y = plane[2][k] - plane[0][k];
      const double bend = plane[3][k] - plane[2][k] - along_x;
      value[k] = plane[0][k] + along_x * at.x + along_y * at.y + bend * at.x * at.y;
      by_x[k] = along_x + bend * at.y;
      by_y[k] = along_y + bend * at.x;
    }
    const double determinant = by_x[0] * by_y[1] - by_x[1] * by_y[0];
    if (determinant == 0) return std::nullopt;
    const double change_x = (value[0] * by_y[1] - value[1] * by_y[0]) / determinant;
    const double change_y = (by_x[0] * value[1] - by_x[1] * value[0]) / determinant;
    at = {at.x - change_x, at.y - change_y};
    if (std::abs(change_x) + std::abs(change_y) < 1e-12) {
      const auto is_inside = [](double part) { return part >= -kOnSide && part <= 1 + kOnSide; };
      if (!is_inside(at.x) || !is_inside(at.y)) return std::nullopt;
      return Inside{std::clamp(at.x, 0.0, 1.0), std::clamp(at.y, 0.0, 1.0)};
    }
  }
  return std::nullopt;
}

/// The quadrilaterals between neighbouring centres, in cubic buckets of the space round the globe: one that
/// holds a point is in the point's bucket.
class Quadrilaterals {
 public:
  explicit Quadrilaterals(const CellCentres& source) : source_(source) {
    for (std::int64_t i = 0; i < source.cells(); ++i) {
      const auto cell = static_cast<std::size_t>(i);
      centres_.push_back(unit_vector(source.centres.latitude[cell], source.centres.longitude[cell]));
      if (!has_position(i)) ++without_position_;
    }
    for_each_corner_cell([&](std::int64_t corner) {
      const Box box = box_of(corner);
      for (std::size_t k = 0; k < 3; ++k) bucket_size_ = std::max(bucket_size_, box.most[k] - box.least[k]);
    });
    for_each_corner_cell([&](std::int64_t corner) { insert(corner); });
  }

  std::array<std::int64_t, 4> cells(std::int64_t corner) const {
    return {corner, corner + 1, corner + source_.nx, corner + source_.nx + 1};
  }
  std::array<Vector, 4> corners(std::int64_t corner) const {
    std::array<Vector, 4> found;
    const auto all = cells(corner);
    for (std::size_t i = 0; i < 4; ++i) found[i] = centres_[static_cast<std::size_t>(all[i])];
    return found;
  }
  std::int64_t without_position() const { return without_position_; }
  /// First corners of the quadrilaterals that may hold the point.
  const std::vector<std::int64_t>& near(const Vector& point) const {
    static const std::vector<std::int64_t> kNone;
    const auto found = buckets_.find(key(index(point[0]), index(point[1]), index(point[2])));
    return found == buckets_.end() ? kNone : found->second;
  }

 private:
  struct Box {
    Vector least, most;
  };

  template <class Work>
  void for_each_corner_cell(const Work& work) const {
    for (std::int64_t y = 0; y + 1 < source_.ny; ++y) {
      for (std::int64_t x = 0; x + 1 < source_.nx; ++x) {
        const std::int64_t corner = y * source_.nx + x;
        const auto four = cells(corner);
        if (std::all_of(four.begin(), four.end(), [&](std::int64_t i) { return has_position(i); }))
          work(corner);
      }
    }
  }
  bool has_position(std::int64_t cell) const {
    const Vector& centre = centres_[static_cast<std::size_t>(cell)];
    return std::isfinite(dot(centre, centre));
  }
  Box box_of(std::int64_t corner) const {
    const auto four = corners(corner);
    Box box{four[0], four[0]};
    double greatest = 1e-6;
    for (std::size_t k = 0; k < 3; ++k) {
      for (const Vector& v : four) {
        box.least[k] = std::min(box.least[k], v[k]);
        box.most[k] = std::max(box.most[k], v[k]);
      }
      greatest = std::max(greatest, box.most[k] - box.least[k]);
    }
    // The sphere bulges out of the box of the corners, by up to an eighth of the diagonal's square.
    const double bulge = 3 * greatest * greatest / 8 + 1e-12;
    for (std::size_t k = 0; k < 3; ++k) {
      box.least[k] -= bulge;
      box.most[k] += bulge;
    }
    return box;
  }
  void insert(std::int64_t corner) {
    const Box box = box_of(corner);
    for (auto x = index(box.least[0]); x <= index(box.most[0]); ++x) {
      for (auto y = index(box.least[1]); y <= index(box.most[1]); ++y) {
        for (auto z = index(box.least[2]); z <= index(box.most[2]); ++z) {
          buckets_[key(x, y, z)].push_back(corner);
        }
      }
    }
  }
  std::int64_t index(double coordinate) const {
    return static_cast<std::int64_t>(std::floor((coordinate + 4.0) / bucket_size_));
  }
  static std::int64_t key(std::int64_t x, std::int64_t y, std::int64_t z) {
    constexpr std::int64_t kMostIndex = std::int64_t{1} << 21;
    return (x * kMostIndex + y) * kMostIndex + z;
  }

  const CellCentres& source_;
  std::vector<Vector> centres_;
  std::int64_t without_position_ = 0;
  /// As wide as the widest quadrilateral; not finer than 30 m, so that three indices fit into a key.
  double bucket_size_ = 5e-6;
  std::unordered_map<std::int64_t, std::vector<std::int64_t>> buckets_;
};

}  // namespace

RegriddingWeights bilinear_weights(const CellCentres& source, const Geographic& targets) {
  const Quadrilaterals quadrilaterals(source);
  WeightsBuilder builder(source.ny, source.nx);
  for (std::size_t i = 0; i < targets.latitude.size(); ++i) {
    const Position target{targets.latitude[i], targets.longitude[i]};
    std::optional<Inside> at;
    for (const std::int64_t corner : quadrilaterals.near(unit_vector(target.latitude, target.longitude))) {
      at = locate_in_quadrilateral(quadrilaterals.corners(corner), target.latitude, target.longitude);
      if (!at) continue;
      const auto cells = quadrilaterals.cells(corner);
      builder.add(cells[0], (1 - at->x) * (1 - at->y));
      builder.add(cells[1], at->x * (1 - at->y));
      builder.add(cells[2], (1 - at->x) * at->y);
      builder.add(cells[3], at->x * at->y);
      break;
    }
    if (!at) {
      const std::int64_t left_out = quadrilaterals.without_position();
      throw core::Error("cell " + std::to_string(i) + " of the grid wanted, at " + position_text(target) +
                        ", lies outside the source grid: in no quadrilateral of its cell centres" +
                        (left_out > 0
                             ? " (" + std::to_string(left_out) + " cells have no position and are left out)"
                             : ""));
    }
    builder.finish_cell();
  }
  return builder.take();
}

}  // namespace foehn::grid

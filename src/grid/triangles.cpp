#include "triangles.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "rising_grid.hpp"
#include "sphere.hpp"
#include "weights_builder.hpp"

namespace foehn::grid {
namespace {

/// A target on a side belongs to both triangles, whatever the rounding.
constexpr double kOnTriangleSide = 1e-9;
/// The first and the last row lie no further from the pole than this many steps between rows.
constexpr double kMostToPole = 1.01;

/// Corners of a triangle: points of the grid, or a pole.
struct Corner {
  std::int64_t row = 0;  ///< -1: the north pole; rows: the south pole
  std::int64_t point = 0;
};
using Triangle = std::array<Corner, 3>;

/// The triangles between the points of neighbouring rows. Between two rows, each step along one row has for
/// its third corner the point of the other row that is nearest in longitude to the step's middle; between a
/// row and the pole that is the pole.
class RowTriangles {
 public:
  explicit RowTriangles(CellRows rows) : rows_(std::move(rows)) {
    constexpr std::int64_t kFewest = 3;
    for (std::int64_t row = 0; row < rows_.rows(); ++row)
      if (rows_.size(row) < kFewest)
        throw core::Error(
            fmt::format("interpolation between rows of cells: the row at latitude {:g} has {} cells, "
                        "expected at least {}",
                        latitude(row), rows_.size(row), kFewest));
    check_pole(90 - latitude(0), latitude(0) - latitude(1));
    const std::int64_t last = rows_.rows() - 1;
    check_pole(90 + latitude(last), latitude(last - 1) - latitude(last));
  }

  const CellRows& rows() const { return rows_; }
  bool is_pole(const Corner& corner) const { return corner.row < 0 || corner.row >= rows_.rows(); }
  std::int64_t nearest_row_to_pole(const Corner& pole) const { return pole.row < 0 ? 0 : rows_.rows() - 1; }
  std::int64_t cell(const Corner& corner) const {
    const std::int64_t size = rows_.size(corner.row);
    return rows_.first_cell[static_cast<std::size_t>(corner.row)] + (corner.point % size + size) % size;
  }
  Vector position(const Corner& corner) const {
    if (is_pole(corner)) return {0, 0, corner.row < 0 ? 1.0 : -1.0};
    return unit_vector(latitude(corner.row), longitude(corner.row, static_cast<double>(corner.point)));
  }

  /// The triangles that may hold a point: sides are great circles, which leave the parallels of their rows,
  /// so those between the rows beyond are among them.
  template <class Work>
  void for_each_near(const Position& point, const Work& work) const {
    const auto below =
        std::upper_bound(rows_.latitude.begin(), rows_.latitude.end(), point.latitude, std::greater<>());
    const auto middle = below - rows_.latitude.begin() - 1;  // the row above, or -1
    for (std::int64_t above = std::max<std::int64_t>(middle - 1, -1);
         above <= std::min(middle + 1, rows_.rows() - 1); ++above) {
      add_steps(above, above + 1, point.longitude, work);
      add_steps(above + 1, above, point.longitude, work);
    }
  }

 private:
  double latitude(std::int64_t row) const { return rows_.latitude[static_cast<std::size_t>(row)]; }
  double longitude(std::int64_t row, double point) const {
    return rows_.first_longitude[static_cast<std::size_t>(row)] +
           360.0 * point / static_cast<double>(rows_.size(row));
  }
  /// How many steps of a row a longitude lies from its first point, from 0 on and less than once round.
  double steps_to(std::int64_t row, double longitude) const {
    double turned = std::fmod(longitude - rows_.first_longitude[static_cast<std::size_t>(row)], 360.0);
    if (turned < 0) turned += 360.0;
    return turned * static_cast<double>(rows_.size(row)) / 360.0;
  }
  void check_pole(double to_pole, double step) const {
    if (to_pole > kMostToPole * step)
      throw core::Error(
          fmt::format("interpolation between rows of cells: the outermost row lies {:g} degrees "
                      "from the pole, expected at most a step between rows, {:g}",
                      to_pole, step));
  }
  /// The triangles with a side on a row, near a longitude, whose third corner is on another row.
  template <class Work>
  void add_steps(std::int64_t row, std::int64_t other, double at, const Work& work) const {
    if (row < 0 || row >= rows_.rows()) return;
    const auto middle = static_cast<std::int64_t>(std::floor(steps_to(row, at)));
    for (std::int64_t point = middle - 1; point <= middle + 1; ++point) {
      Corner third{other, 0};
      if (!is_pole(third)) {
        const double half_way = steps_to(other, longitude(row, static_cast<double>(point) + 0.5));
        // Where two points are as near, one of both rows yields, so that triangles neither overlap nor gape.
        third.point =
            static_cast<std::int64_t>(row < other ? std::ceil(half_way - 0.5) : std::floor(half_way + 0.5));
      }
      work(Triangle{Corner{row, point}, Corner{row, point + 1}, third});
    }
  }

  CellRows rows_;
};

/// A triangle and how much of each of its corners a point is made.
struct Located {
  Triangle triangle{};
  std::array<double, 3> parts{};  ///< that sum to 1
  double least = -1;              ///< of the parts; negative outside of the triangle
};

/// The triangle that holds a point, or comes closest. A point p of the sphere is a A + b B + c C of a
/// triangle's corners, inside where none is negative, and its parts are a, b and c over their sum.
Located locate_in_triangles(const RowTriangles& triangles, const Position& point) {
  const Vector p = unit_vector(point.latitude, point.longitude);
  Located best;
  triangles.for_each_near(point, [&](const Triangle& triangle) {
    const Vector a = triangles.position(triangle[0]), b = triangles.position(triangle[1]),
                 c = triangles.position(triangle[2]);
    if (dot(a, p) <= 0) return;
    const double volume = dot(a, cross(b, c));
    if (volume == 0) return;
    std::array<double, 3> parts{dot(p, cross(b, c)) / volume, dot(p, cross(c, a)) / volume,
                                dot(p, cross(a, b)) / volume};
    const double sum = parts[0] + parts[1] + parts[2];
    for (double& part : parts) part /= sum;
    const double least = std::min({parts[0], parts[1], parts[2]});
    if (sum > 0 && least > best.least) best = {triangle, parts, least};
  });
  return best;
}

}  // namespace

RegriddingWeights triangle_weights(const UnstructuredCells& source, const Geographic& targets,
                                   Outside outside) {
  auto rows = find_rows(source);
  if (!rows)
    throw core::Error(
        fmt::format("interpolation from {} cells ({}): they lie in no rows, expected those of a reduced "
                    "Gaussian grid, from "
                    "north to south and eastwards in even steps",
                    source.size(), source.name));
  const RowTriangles triangles(std::move(*rows));
  WeightsBuilder builder(1, source.size());
  for (std::size_t i = 0; i < targets.latitude.size(); ++i) {
    const Position target{targets.latitude[i], targets.longitude[i]};
    const Located at = locate_in_triangles(triangles, target);
    const bool is_inside = at.least >= -kOnTriangleSide;
    if (!is_inside && outside == Outside::is_refused)
      throw core::Error(
          fmt::format("cell {} of the grid wanted, at {}, lies in no triangle of the source's cells", i,
                      position_text(target)));
    for (std::size_t k = 0; is_inside && k < 3; ++k) {
      const double part = std::max(at.parts[k], 0.0);
      const Corner& corner = at.triangle[k];
      if (!triangles.is_pole(corner)) {
        builder.add(triangles.cell(corner), part);
        continue;
      }
      // The value at a pole is the mean of the row next to it.
      const std::int64_t row = triangles.nearest_row_to_pole(corner);
      const std::int64_t size = triangles.rows().size(row);
      for (std::int64_t point = 0; point < size; ++point)
        builder.add(triangles.cell({row, point}), part / static_cast<double>(size));
    }
    builder.finish_cell();
  }
  return builder.take();
}

}  // namespace foehn::grid

#include "evaluation/picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>

#include "foehn/grid/rotation.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kFullTurn = 360;
constexpr std::int64_t kPixelsAcross = 360;
/// A list whose areas make up this part of the sphere is global: each pixel shows a cell.
constexpr double kPartOfGlobe = 0.99;

using Vector = std::array<double, 3>;

Vector direction_of(double latitude, double longitude) {
  const double cosine = std::cos(latitude * grid::kRadians);
  return {cosine * std::cos(longitude * grid::kRadians), cosine * std::sin(longitude * grid::kRadians),
          std::sin(latitude * grid::kRadians)};
}

double squared_chord(const Vector& one, const Vector& other) {
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) sum += (one[i] - other[i]) * (one[i] - other[i]);
  return sum;
}

/// Where longitudes begin and end, degrees: behind and before the widest gap between them.
std::pair<double, double> span_of_longitudes(std::vector<double> longitudes) {
  for (double& longitude : longitudes) longitude -= kFullTurn * std::floor(longitude / kFullTurn);
  std::sort(longitudes.begin(), longitudes.end());
  double widest = longitudes.front() + kFullTurn - longitudes.back(), first = longitudes.front();
  for (std::size_t i = 1; i < longitudes.size(); ++i)
    if (const double gap = longitudes[i] - longitudes[i - 1]; gap > widest) {
      widest = gap;
      first = longitudes[i];
    }
  return {first, first + kFullTurn - widest};
}

bool is_global(const grid::UnstructuredCells& cells) {
  return std::accumulate(cells.areas.begin(), cells.areas.end(), 0.0) > kPartOfGlobe * 4 * std::numbers::pi;
}

/// Middles of even steps.
grid::Axis axis_of(const char* name, double first, double last, std::int64_t count) {
  grid::Axis axis{name, name, "degrees", {}};
  for (std::int64_t i = 0; i < count; ++i)
    axis.values.push_back(first +
                          (last - first) * (static_cast<double>(i) + 0.5) / static_cast<double>(count));
  return axis;
}

/// North up, of about square pixels in degrees.
grid::Grid pixels_around(const grid::UnstructuredCells& cells) {
  if (is_global(cells))
    return {
        axis_of("latitude", 90, -90, kPixelsAcross / 2), axis_of("longitude", -180, 180, kPixelsAcross), {}};
  const double side = std::sqrt(*std::max_element(cells.areas.begin(), cells.areas.end())) / grid::kRadians;
  const auto [lowest, highest] =
      std::minmax_element(cells.centres.latitude.begin(), cells.centres.latitude.end());
  auto [west, east] = span_of_longitudes(cells.centres.longitude);
  const double south = std::max(-90.0, *lowest - side / 2), north = std::min(90.0, *highest + side / 2);
  const double steepest = std::max(std::abs(south), std::abs(north)) * grid::kRadians;
  const double beside = side / 2 / std::max(0.1, std::cos(steepest));
  west -= beside;
  east = std::min(east + beside, west + kFullTurn);
  const double high = static_cast<double>(kPixelsAcross) * (north - south) / (east - west);
  return {axis_of("latitude", north, south, std::clamp<std::int64_t>(std::llround(high), 2, kPixelsAcross)),
          axis_of("longitude", west, east, kPixelsAcross),
          {}};
}

/// Cells in order of latitude, so that those far from a place need not be looked at.
class NearestCell {
 public:
  explicit NearestCell(const grid::UnstructuredCells& cells) : cells_(cells), order_(cells.areas.size()) {
    std::iota(order_.begin(), order_.end(), 0);
    const std::vector<double>& latitude = cells.centres.latitude;
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::size_t a, std::size_t b) { return latitude[a] < latitude[b]; });
    for (const std::size_t cell : order_) {
      latitudes_.push_back(latitude[cell]);
      directions_.push_back(direction_of(latitude[cell], cells.centres.longitude[cell]));
    }
  }

  /// @return  -1 where the nearest centre is farther than cells reach
  std::int64_t at(double latitude, double longitude) const {
    const Vector here = direction_of(latitude, longitude);
    const auto middle = static_cast<std::size_t>(
        std::lower_bound(latitudes_.begin(), latitudes_.end(), latitude) - latitudes_.begin());
    double least = std::numeric_limits<double>::infinity();
    std::size_t nearest = 0;
    // A chord is at least that of the difference in latitude.
    const auto look_at = [&](std::size_t place) {
      const double apart = 2 * std::sin((latitudes_[place] - latitude) / 2 * grid::kRadians);
      if (apart * apart > least) return false;
      if (const double distance = squared_chord(here, directions_[place]); distance < least) {
        least = distance;
        nearest = order_[place];
      }
      return true;
    };
    for (std::size_t place = middle; place < order_.size() && look_at(place);) ++place;
    for (std::size_t place = middle; place > 0 && look_at(place - 1);) --place;
    const bool is_within = is_global_ || least <= cells_.areas[nearest];
    return is_within ? static_cast<std::int64_t>(nearest) : -1;
  }

 private:
  const grid::UnstructuredCells& cells_;
  bool is_global_ = is_global(cells_);
  std::vector<std::size_t> order_;
  std::vector<double> latitudes_;   ///< in this order
  std::vector<Vector> directions_;  ///< likewise
};

}  // namespace

Picture::Picture(const grid::Grid& grid) : grid_(grid) {
  if (!grid.unstructured) return;
  own_ = pixels_around(*grid.unstructured);
  const NearestCell cells(*grid.unstructured);
  for (const double latitude : own_->y.values)
    for (const double longitude : own_->x.values) nearest_.push_back(cells.at(latitude, longitude));
}

std::vector<double> Picture::values(std::span<const double> field) const {
  if (!own_) return {field.begin(), field.end()};
  std::vector<double> values;
  for (const std::int64_t cell : nearest_)
    values.push_back(cell < 0 ? std::numeric_limits<double>::quiet_NaN()
                              : field[static_cast<std::size_t>(cell)]);
  return values;
}

}  // namespace foehn::evaluation

#include "foehn/grid/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "rising_grid.hpp"

namespace foehn::grid {
namespace {

/// Grids are the same if no coordinate differs by more than this part of a grid step.
constexpr double kStepTolerance = 1e-3;
/// Where areas are not known: cells are the same if their centres are no further apart than this, degrees.
constexpr double kSameCentre = 1e-3;

/// Degrees beyond a pole that rounding may be to blame for: half a step of latitudes packed in 16 bits is
/// 0.0014, a step of float32 at 90 is 8e-6.
constexpr double kBeyondPole = 2e-3;

std::string number_text(double value) {
  return fmt::format("{:.10g}", value);
}

template <class T>
std::vector<T> part(const std::vector<T>& values, std::int64_t first, std::int64_t last) {
  return {values.begin() + first, values.begin() + last};
}

/// Reads "first:last" of non-negative integers with first < last.
bool parse_range(std::string_view text, std::int64_t& first, std::int64_t& last) {
  const char* end = text.data() + text.size();
  const auto [colon, error_first] = std::from_chars(text.data(), end, first);
  if (error_first != std::errc() || colon == end || *colon != ':') return false;
  const auto [stop, error_last] = std::from_chars(colon + 1, end, last);
  return error_last == std::errc() && stop == end && first >= 0 && first < last;
}

Axis crop_axis(const Axis& axis, std::int64_t first, std::int64_t last) {
  Axis cropped = axis;
  cropped.values = part(axis.values, first, last);
  if (!axis.bounds.empty()) cropped.bounds = part(axis.bounds, 2 * first, 2 * last);
  return cropped;
}

UnstructuredCells crop_cells(const UnstructuredCells& cells, std::int64_t first, std::int64_t last) {
  const auto corners = static_cast<std::int64_t>(cells.corners.latitude.size()) / cells.size();
  const auto crop_positions = [&](const Geographic& all, std::int64_t each) {
    return Geographic{part(all.latitude, each * first, each * last),
                      part(all.longitude, each * first, each * last)};
  };
  return {cells.name, crop_positions(cells.centres, 1), part(cells.areas, first, last),
          crop_positions(cells.corners, corners)};
}

Axis block_mean_axis(const Axis& axis, std::int64_t block) {
  Axis coarse = axis;
  coarse.values.clear();
  coarse.bounds.clear();
  for (std::int64_t start = 0; start < axis.size(); start += block) {
    double sum = 0;
    for (std::int64_t i = start; i < start + block; ++i) sum += axis.values[static_cast<std::size_t>(i)];
    coarse.values.push_back(sum / static_cast<double>(block));
  }
  return coarse;
}

/// The smallest distance between neighbours; one degree for a single point.
double smallest_step(const Axis& axis) {
  if (axis.size() < 2) return 1.0;
  double step = std::abs(axis.values[1] - axis.values[0]);
  for (std::size_t i = 2; i < axis.values.size(); ++i) {
    step = std::min(step, std::abs(axis.values[i] - axis.values[i - 1]));
  }
  return step;
}

double longitude_difference(double a, double b) {
  return std::abs(std::remainder(a - b, 360.0));
}

std::optional<std::string> axis_difference(const Axis& expected, const Axis& found, bool is_longitude) {
  if (found.size() != expected.size()) {
    return found.name + ": " + std::to_string(found.size()) + " points, expected " +
           std::to_string(expected.size());
  }
  const double tolerance = kStepTolerance * smallest_step(expected);
  for (std::size_t i = 0; i < expected.values.size(); ++i) {
    const double e = expected.values[i];
    const double f = found.values[i];
    const double distance = is_longitude ? longitude_difference(e, f) : std::abs(e - f);
    if (!(distance <= tolerance)) {
      return found.name + ": point " + std::to_string(i) + " is at " + number_text(f) +
             " degrees, expected " + number_text(e);
    }
  }
  if (found.bounds.size() != expected.bounds.size()) return std::nullopt;  // those of one are not known
  for (std::size_t i = 0; i < expected.bounds.size(); ++i) {
    const double e = expected.bounds[i];
    const double f = found.bounds[i];
    if (!((is_longitude ? longitude_difference(e, f) : std::abs(e - f)) <= tolerance)) {
      return found.name + ": point " + std::to_string(i / 2) + " has a bound at " + number_text(f) +
             " degrees, expected " + number_text(e);
    }
  }
  return std::nullopt;
}

/// Cells are the same if their centres are no further apart than a part of what is about a cell's side.
std::optional<std::string> cells_difference(const UnstructuredCells& expected,
                                            const UnstructuredCells& found) {
  if (found.size() != expected.size())
    return fmt::format("{}: {} cells, expected {}", found.name, found.size(), expected.size());
  for (std::size_t i = 0; i < expected.areas.size(); ++i) {
    const Position e{expected.centres.latitude[i], expected.centres.longitude[i]};
    const Position f{found.centres.latitude[i], found.centres.longitude[i]};
    const double east = longitude_difference(e.longitude, f.longitude) * std::cos(e.latitude * kRadians);
    const double distance = std::hypot(e.latitude - f.latitude, east), area = expected.areas[i];
    const double most = std::isnan(area) ? kSameCentre : kStepTolerance * std::sqrt(area) / kRadians;
    const bool is_no_cell = std::isnan(e.latitude) && std::isnan(f.latitude);
    if (!is_no_cell && !(distance <= most))
      return fmt::format("{}: cell {} is at {}, expected {}", found.name, i, position_text(f),
                         position_text(e));
  }
  return std::nullopt;
}

std::string pole_text(const std::optional<RotatedPole>& pole) {
  if (!pole) return "a geographic grid";
  return "a rotated pole at latitude " + number_text(pole->pole_latitude) + ", longitude " +
         number_text(pole->pole_longitude) + " (north pole grid longitude " +
         number_text(pole->north_pole_grid_longitude) + ")";
}

}  // namespace

std::optional<double> settle_latitudes(std::vector<double>& latitudes) {
  for (double& latitude : latitudes) {
    if (std::abs(latitude) > 90.0 + kBeyondPole) return latitude;
    if (std::abs(latitude) > 90.0) latitude = std::copysign(90.0, latitude);
  }
  return std::nullopt;
}

std::vector<std::string> dimension_names(const Grid& grid) {
  if (grid.unstructured) return {grid.unstructured->name};
  return {grid.y.name, grid.x.name};
}

std::string cell_text(const Grid& grid, std::int64_t cell) {
  if (grid.unstructured) {
    const auto i = static_cast<std::size_t>(cell);
    const Geographic& centres = grid.unstructured->centres;
    return fmt::format("{} {}, {}", grid.unstructured->name, cell,
                       position_text({centres.latitude[i], centres.longitude[i]}));
  }
  return fmt::format("{} {:.6g}, {} {:.6g}", grid.y.name,
                     grid.y.values[static_cast<std::size_t>(cell / grid.nx())], grid.x.name,
                     grid.x.values[static_cast<std::size_t>(cell % grid.nx())]);
}

std::string size_text(const Grid& grid) {
  if (grid.unstructured) return fmt::format("{} ({})", grid.cells(), grid.unstructured->name);
  return fmt::format("{} x {} ({} x {})", grid.ny(), grid.nx(), grid.y.name, grid.x.name);
}

void require_rows(const Grid& grid, const std::string& purpose) {
  if (!grid.unstructured) return;
  throw core::Error("a grid of " + size_text(grid) + " without rows and columns: " + purpose);
}

Geographic geographic_coordinates(const Grid& grid) {
  if (grid.unstructured) return grid.unstructured->centres;
  Geographic geographic;
  geographic.latitude.reserve(static_cast<std::size_t>(grid.cells()));
  geographic.longitude.reserve(static_cast<std::size_t>(grid.cells()));
  for (const double y : grid.y.values) {
    for (const double x : grid.x.values) {
      const Position position =
          grid.rotated_pole ? to_geographic(*grid.rotated_pole, {y, x}) : Position{y, x};
      geographic.latitude.push_back(position.latitude);
      geographic.longitude.push_back(position.longitude);
    }
  }
  return geographic;
}

Crop parse_crop(const std::string& text) {
  Crop crop;
  const auto comma = text.find(',');
  const std::string_view view = text;
  if (comma == std::string::npos || !parse_range(view.substr(0, comma), crop.y0, crop.y1) ||
      !parse_range(view.substr(comma + 1), crop.x0, crop.x1)) {
    throw core::Error("crop '" + text +
                      "': expected y0:y1,x0:x1 with 0 <= y0 < y1 and 0 <= x0 < x1, such as 0:32,0:48");
  }
  return crop;
}

Grid crop_grid(const Grid& grid, const Crop& crop) {
  const bool fits = crop.y0 >= 0 && crop.y0 < crop.y1 && crop.y1 <= grid.ny() && crop.x0 >= 0 &&
                    crop.x0 < crop.x1 && crop.x1 <= grid.nx();
  if (!fits) {
    throw core::Error("crop " + std::to_string(crop.y0) + ":" + std::to_string(crop.y1) + "," +
                      std::to_string(crop.x0) + ":" + std::to_string(crop.x1) +
                      " does not fit in the grid of " + size_text(grid));
  }
  if (grid.unstructured) return {{}, {}, std::nullopt, crop_cells(*grid.unstructured, crop.x0, crop.x1)};
  return {crop_axis(grid.y, crop.y0, crop.y1), crop_axis(grid.x, crop.x0, crop.x1), grid.rotated_pole};
}

Grid block_mean_grid(const Grid& grid, std::int64_t block) {
  if (block < 1) throw core::Error("block of " + std::to_string(block) + " cells: expected at least 1");
  if (block == 1 && grid.unstructured) return grid;
  require_rows(grid,
               "it has no blocks of cells; observations of it are means over the cells of a coarser grid "
               "(observation.grid of coarsen and synth, observation.operator native of sample), or stations");
  if (grid.ny() % block != 0 || grid.nx() % block != 0) {
    throw core::Error("blocks of " + std::to_string(block) + " x " + std::to_string(block) +
                      " cells do not divide the grid of " + size_text(grid));
  }
  return {block_mean_axis(grid.y, block), block_mean_axis(grid.x, block), grid.rotated_pole};
}

std::optional<std::string> difference(const Grid& expected, const Grid& found) {
  if (expected.unstructured.has_value() != found.unstructured.has_value()) {
    return "a grid of " + size_text(found) + ", expected one of " + size_text(expected);
  }
  if (expected.unstructured) return cells_difference(*expected.unstructured, *found.unstructured);
  if (!is_same_pole(expected.rotated_pole, found.rotated_pole)) {
    return pole_text(found.rotated_pole) + ", expected " + pole_text(expected.rotated_pole);
  }
  if (auto text = axis_difference(expected.y, found.y, false)) return text;
  return axis_difference(expected.x, found.x, true);
}

}  // namespace foehn::grid

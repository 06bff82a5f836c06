#include "rising_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "foehn/core/error.hpp"

namespace foehn::grid {
namespace {

/// Room for rounding, coordinates in float32 among it, as a part of a step.
constexpr double kSlack = 0.01;
/// A gap between the last and the first column of up to this many steps is no gap.
constexpr double kWidestSeam = 1.5;

std::vector<double> rising(const Axis& axis) {
  if (axis.size() < 2) {
    throw core::Error("regridding needs at least 2 points along " + axis.name + ", found " +
                      std::to_string(axis.size()));
  }
  std::vector<double> values = axis.values;
  if (values.front() > values.back()) std::reverse(values.begin(), values.end());
  return values;
}

double widest_step(const std::vector<double>& values) {
  double widest = 0;
  for (std::size_t i = 1; i < values.size(); ++i) widest = std::max(widest, values[i] - values[i - 1]);
  return widest;
}

std::vector<double> edges_between(const std::vector<double>& centres) {
  const std::size_t n = centres.size();
  std::vector<double> edges{centres[0] - (centres[1] - centres[0]) / 2};
  for (std::size_t i = 1; i < n; ++i) edges.push_back((centres[i - 1] + centres[i]) / 2);
  edges.push_back(centres[n - 1] + (centres[n - 1] - centres[n - 2]) / 2);
  return edges;
}

/// The index in the axis's own order of a point in rising order.
std::size_t own_index(const Axis& axis, std::size_t rising_index) {
  return axis.values.front() > axis.values.back() ? axis.values.size() - 1 - rising_index : rising_index;
}

/// The edges that the axis's bounds give.
/// @param centres  of the axis, rising
std::vector<double> edges_of_bounds(const Axis& axis, const std::vector<double>& centres, bool is_longitude) {
  const double tolerance = kSlack * widest_step(centres);
  std::vector<double> edges;
  for (std::size_t i = 0; i < centres.size(); ++i) {
    const double centre = centres[i];
    const auto bound = [&](std::size_t which) {
      const double value = axis.bounds.at(2 * own_index(axis, i) + which);
      return is_longitude ? centre + std::remainder(value - centre, 360.0) : value;
    };
    const double below = std::min(bound(0), bound(1)), above = std::max(bound(0), bound(1));
    const std::string where = axis.name + ": the bounds of " + fmt::format("{:g}", centre) + ", " +
                              fmt::format("{:g}", below) + " to " + fmt::format("{:g}", above) + ", ";
    if (!(below <= centre + tolerance && above >= centre - tolerance && below < above))
      throw core::Error(where + "do not enclose it");
    if (edges.empty()) edges.push_back(below);
    if (!(std::abs(below - edges.back()) <= tolerance) || !(above > edges.back()))
      throw core::Error(where + "do not begin where those before it end, at " +
                        fmt::format("{:g}", edges.back()));
    edges.push_back(above);
  }
  return edges;
}

/// [columns + 1], once around the globe where that is what the bounds mean.
std::vector<double> column_edges(const RisingGrid& grid) {
  std::vector<double> edges = edges_of_bounds(grid.grid.x, grid.x, true);
  const double beyond = edges.back() - edges.front() - 360.0;
  const double tolerance = kSlack * widest_step(grid.x);
  if (beyond > tolerance)
    throw core::Error(grid.grid.x.name + ": its bounds span " + fmt::format("{:g}", 360.0 + beyond) +
                      " degrees, expected at most 360");
  if (beyond > -tolerance) edges.back() = edges.front() + 360.0;
  return edges;
}

}  // namespace

std::int64_t RisingGrid::cell(std::size_t row, std::size_t column) const {
  return static_cast<std::int64_t>(own_index(grid.y, row)) * grid.nx() +
         static_cast<std::int64_t>(own_index(grid.x, column));
}

std::string RisingGrid::extent() const {
  const auto range = [](const Axis& axis, const std::vector<double>& values) {
    return axis.name + " " + fmt::format("{:g}", values.front()) + " to " +
           fmt::format("{:g}", values.back());
  };
  return range(grid.y, y) + ", " + range(grid.x, x);
}

RisingGrid make_rising_grid(const Grid& grid) {
  RisingGrid result;
  result.y = rising(grid.y);
  result.x = rising(grid.x);
  result.grid = grid;
  const double step = widest_step(result.x);
  double gap = 360.0 - (result.x.back() - result.x.front());
  if (gap < -kSlack * step) {
    throw core::Error("regridding: " + grid.x.name + " spans " + fmt::format("{:g}", 360.0 - gap) +
                      " degrees, expected at most 360");
  }
  if (gap < kSlack * step && result.x.size() > 2) {
    result.x.pop_back();
    gap = 360.0 - (result.x.back() - result.x.front());
  }
  result.goes_round = gap <= kWidestSeam * step;
  const std::size_t rows = result.y.size();
  const auto reaches = [&](double to_pole, double row_step) {
    return result.goes_round && to_pole <= (1 + kSlack) * row_step;
  };
  result.has_south_pole = reaches(result.y[0] + 90.0, result.y[1] - result.y[0]);
  result.has_north_pole = reaches(90.0 - result.y[rows - 1], result.y[rows - 1] - result.y[rows - 2]);
  return result;
}

CellEdges cell_edges(const RisingGrid& grid) {
  CellEdges edges;
  if (grid.grid.y.bounds.empty()) {
    edges.y = edges_between(grid.y);
    if (grid.has_south_pole) edges.y.front() = -90.0;
    if (grid.has_north_pole) edges.y.back() = 90.0;
  } else {
    edges.y = edges_of_bounds(grid.grid.y, grid.y, false);
  }
  edges.y.front() = std::max(edges.y.front(), -90.0);
  edges.y.back() = std::min(edges.y.back(), 90.0);
  if (!grid.grid.x.bounds.empty()) {
    edges.x = column_edges(grid);
    return edges;
  }
  edges.x = edges_between(grid.x);
  if (grid.goes_round) {
    edges.x.front() = (grid.x.front() + grid.x.back() - 360.0) / 2;
    edges.x.back() = edges.x.front() + 360.0;
  }
  return edges;
}

std::string position_text(const Position& geographic) {
  return "latitude " + fmt::format("{:g}", geographic.latitude) + ", longitude " +
         fmt::format("{:g}", geographic.longitude);
}

}  // namespace foehn::grid

#include <algorithm>
#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/regridding.hpp"
#include "outline.hpp"
#include "rising_grid.hpp"
#include "weights_builder.hpp"

namespace foehn::grid {
namespace {

/// Where the source covers less than this part of a target cell, its mean over the rest says too little.
constexpr double kLeastCovered = 0.5 - 1e-6;
/// A cell of which so much is covered is whole: outlines are exact to 1e-5 of a cell's area.
constexpr double kWholeCell = 1 - 1e-4;

std::vector<double> sines(std::vector<double> degrees) {
  for (double& value : degrees) value = std::sin(value * kRadians);
  return degrees;
}

/// The cell of an axis, and the part of an interval that lies in it.
struct Overlap {
  std::size_t cell = 0;
  double from = 0;
  double to = 0;
};

/// The cells that overlap [from, to], where the edges are seen shifted by `shift`.
void append_overlaps(const std::vector<double>& edges, double shift, double from, double to,
                     std::vector<Overlap>& overlaps) {
  const auto above = std::upper_bound(edges.begin(), edges.end(), from - shift);
  const auto before = static_cast<std::size_t>(above - edges.begin());
  for (std::size_t i = before == 0 ? 0 : before - 1; i + 1 < edges.size() && edges[i] + shift < to; ++i) {
    const Overlap overlap{i, std::max(edges[i] + shift, from), std::min(edges[i + 1] + shift, to)};
    if (overlap.to > overlap.from) overlaps.push_back(overlap);
  }
}

std::vector<Overlap> overlaps_of_rows(const std::vector<double>& edges, double from, double to) {
  std::vector<Overlap> overlaps;
  append_overlaps(edges, 0.0, from, to, overlaps);
  return overlaps;
}

/// Longitudes repeat after 360 degrees: so do the columns.
std::vector<Overlap> overlaps_of_columns(const std::vector<double>& edges, double from, double to) {
  std::vector<Overlap> overlaps;
  const double first_turn = std::floor((from - edges.back()) / 360.0);
  for (double turn = first_turn; edges.front() + turn * 360.0 < to; ++turn) {
    append_overlaps(edges, turn * 360.0, from, to, overlaps);
  }
  return overlaps;
}

/// The target's cells row by row in the order of its fields.
template <class Work>
void for_each_cell(const RisingGrid& target, const Work& work) {
  const auto own_order = [](const Axis& axis, std::size_t size) {
    std::vector<std::size_t> order(size);
    for (std::size_t i = 0; i < size; ++i) {
      order[i] = axis.values.front() > axis.values.back() ? size - 1 - i : i;
    }
    return order;
  };
  for (const std::size_t row : own_order(target.grid.y, target.y.size())) {
    for (const std::size_t column : own_order(target.grid.x, target.x.size())) work(row, column);
  }
}

struct Problem {
  RisingGrid source;
  CellEdges source_edges;
  std::vector<double> source_sines;  ///< of source_edges.y
  RisingGrid target;
  CellEdges target_edges;
};

/// A target cell, and how much of its area the source covers.
struct Covered {
  std::size_t row = 0, column = 0;
  double part = 0;
};

/// Ends a target cell, if the source covers enough of it.
void finish_cell(const Problem& problem, const Covered& cell, WeightsBuilder& builder) {
  const auto [row, column, covered] = cell;
  if (!(covered >= kLeastCovered)) {
    const Position own{problem.target.y[row], problem.target.x[column]};
    const auto& pole = problem.target.grid.rotated_pole;
    throw core::Error("target cell " + std::to_string(problem.target.cell(row, column)) + " at " +
                      position_text(pole ? to_geographic(*pole, own) : own) + ": the source grid's cells (" +
                      problem.source.extent() + ") cover " +
                      std::to_string(static_cast<int>(std::floor(covered * 100))) +
                      " % of it, expected at least 50 %");
  }
  builder.finish_cell();
}

/// Both grids have the same pole: overlaps are rectangles in longitude and sine of latitude.
/// @param finish  ends a cell all of whose overlaps the builder has
template <class Finish>
void overlap_rectangles(const Problem& problem, WeightsBuilder& builder, const Finish& finish) {
  const std::vector<double> target_sines = sines(problem.target_edges.y);
  std::vector<std::vector<Overlap>> rows;
  for (std::size_t i = 0; i < problem.target.y.size(); ++i) {
    rows.push_back(overlaps_of_rows(problem.source_sines, target_sines[i], target_sines[i + 1]));
  }
  const std::vector<double>& edges = problem.target_edges.x;
  std::vector<std::vector<Overlap>> columns;
  for (std::size_t i = 0; i < problem.target.x.size(); ++i) {
    columns.push_back(overlaps_of_columns(problem.source_edges.x, edges[i], edges[i + 1]));
  }
  for_each_cell(problem.target, [&](std::size_t row, std::size_t column) {
    for (const Overlap& y : rows[row]) {
      for (const Overlap& x : columns[column]) {
        builder.add(problem.source.cell(y.cell, x.cell), (y.to - y.from) * (x.to - x.from));
      }
    }
    const double cell_area =
        (target_sines[row + 1] - target_sines[row]) * (edges[column + 1] - edges[column]);
    finish(Covered{row, column, builder.sum() / cell_area});
  });
}

/// The poles differ: each target cell is a polygon in the source's plane, cut along the source's cells.
template <class Finish>
void overlap_outlines(const Problem& problem, WeightsBuilder& builder, const Finish& finish) {
  const auto& source_pole = problem.source.grid.rotated_pole;
  const auto& target_pole = problem.target.grid.rotated_pole;
  const auto convert = [&](const Position& own) {
    const Position geographic = target_pole ? to_geographic(*target_pole, own) : own;
    return source_pole ? to_rotated(*source_pole, geographic) : geographic;
  };
  const CellEdges& edges = problem.target_edges;
  for_each_cell(problem.target, [&](std::size_t row, std::size_t column) {
    const Outline outline =
        cell_outline({edges.y[row], edges.y[row + 1], edges.x[column], edges.x[column + 1]}, convert);
    const auto [south, north] = std::minmax_element(
        outline.begin(), outline.end(), [](const auto& a, const auto& b) { return a.sine < b.sine; });
    for (const Overlap& y : overlaps_of_rows(problem.source_sines, south->sine, north->sine)) {
      const Outline strip = clip_sines(outline, y.from, y.to);
      if (strip.empty()) continue;
      const auto [west, east] = std::minmax_element(
          strip.begin(), strip.end(), [](const auto& a, const auto& b) { return a.longitude < b.longitude; });
      for (const Overlap& x : overlaps_of_columns(problem.source_edges.x, west->longitude, east->longitude)) {
        builder.add(problem.source.cell(y.cell, x.cell), area(clip_longitudes(strip, x.from, x.to)));
      }
    }
    finish(Covered{row, column, builder.sum() / area(outline)});
  });
}

Problem make_problem(const Grid& source, const Grid& target) {
  Problem problem{make_rising_grid(source), {}, {}, make_rising_grid(target), {}};
  if (problem.target.x.size() != target.x.values.size()) {
    throw core::Error("regridding: the target's " + target.x.name +
                      " repeats its first column after 360 degrees");
  }
  problem.source_edges = cell_edges(problem.source);
  problem.source_sines = sines(problem.source_edges.y);
  problem.target_edges = cell_edges(problem.target);
  return problem;
}

template <class Finish>
void overlap(const Problem& problem, WeightsBuilder& builder, const Finish& finish) {
  if (problem.source.grid.rotated_pole == problem.target.grid.rotated_pole) {
    overlap_rectangles(problem, builder, finish);
  } else {
    overlap_outlines(problem, builder, finish);
  }
}

}  // namespace

RegriddingWeights conservative_weights(const Grid& source, const Grid& target) {
  const Problem problem = make_problem(source, target);
  WeightsBuilder builder(source.ny(), source.nx());
  overlap(problem, builder, [&](const Covered& cell) { finish_cell(problem, cell, builder); });
  return builder.take();
}

CellsWithin cells_within(const Grid& fine, const Grid& coarse) {
  const Problem problem = make_problem(fine, coarse);
  WeightsBuilder builder(fine.ny(), fine.nx());
  CellsWithin within;
  overlap(problem, builder, [&](const Covered& cell) {
    if (!(cell.part >= kWholeCell)) {
      builder.drop_cell();
      return;
    }
    builder.finish_cell();
    within.cells.push_back(problem.target.cell(cell.row, cell.column));
  });
  if (within.cells.empty())
    throw core::Error("grid: none of its cells (" + problem.target.extent() +
                      ") lies wholly within the prior's domain (" + problem.source.extent() + ")");
  within.means = builder.take();
  return within;
}

}  // namespace foehn::grid

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cell_bands.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
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

/// The target's cells in the order of its fields.
template <class Work>
void for_each_cell(const CellBands& target, const Work& work) {
  const std::size_t last_band = target.bands() - 1;
  const bool is_north_first = target.first_cell.front() > target.first_cell.back();
  for (std::size_t i = 0; i < target.bands(); ++i) {
    const std::size_t band = is_north_first ? last_band - i : i, columns = target.columns(band).size() - 1;
    for (std::size_t k = 0; k < columns; ++k) work(band, target.eastwards > 0 ? k : columns - 1 - k);
  }
}

struct Problem {
  CellBands source;
  CellBands target;
};

/// A target cell, and how much of its area the source covers.
struct Covered {
  std::int64_t cell = 0;
  double part = 0;
};

/// Ends a target cell, if the source covers enough of it.
void finish_cell(const Problem& problem, const Grid& target, const Covered& covered,
                 WeightsBuilder& builder) {
  if (!(covered.part >= kLeastCovered)) {
    const Geographic own = geographic_coordinates(target);
    const auto i = static_cast<std::size_t>(covered.cell);
    throw core::Error("target cell " + std::to_string(covered.cell) + " at " +
                      position_text({own.latitude[i], own.longitude[i]}) + ": the source grid's cells (" +
                      problem.source.extent + ") cover " +
                      std::to_string(static_cast<int>(std::floor(covered.part * 100))) +
                      " % of it, expected at least 50 %");
  }
  builder.finish_cell();
}

/// Of each of a band's columns the overlaps with those of another band; made once for bands that are cut
/// alike.
class ColumnOverlaps {
 public:
  using Table = std::vector<std::vector<Overlap>>;  // [target column]

  const Table& between(const std::vector<double>& source, const std::vector<double>& target) {
    if (target_ != &target) tables_.clear();
    target_ = &target;
    const auto [found, is_new] = tables_.try_emplace(&source);
    if (!is_new) return found->second;
    for (std::size_t i = 0; i + 1 < target.size(); ++i)
      found->second.push_back(overlaps_of_columns(source, target[i], target[i + 1]));
    return found->second;
  }

 private:
  const std::vector<double>* target_ = nullptr;
  std::map<const std::vector<double>*, Table> tables_;  // by the edges of the source's band
};

/// Both grids have the same pole: overlaps are rectangles in longitude and sine of latitude.
/// @param finish  ends a cell all of whose overlaps the builder has
template <class Finish>
void overlap_rectangles(const Problem& problem, WeightsBuilder& builder, const Finish& finish) {
  const CellBands& source = problem.source;
  const CellBands& target = problem.target;
  std::vector<std::vector<Overlap>> rows;
  for (std::size_t i = 0; i < target.bands(); ++i)
    rows.push_back(overlaps_of_rows(source.sine_edges, target.sine_edges[i], target.sine_edges[i + 1]));
  ColumnOverlaps columns;
  for_each_cell(target, [&](std::size_t band, std::size_t column) {
    const std::vector<double>& edges = target.columns(band);
    for (const Overlap& y : rows[band])
      for (const Overlap& x : columns.between(source.columns(y.cell), edges)[column])
        builder.add(source.cell(y.cell, x.cell), (y.to - y.from) * (x.to - x.from));
    const double cell_area =
        (target.sine_edges[band + 1] - target.sine_edges[band]) * (edges[column + 1] - edges[column]);
    finish(Covered{target.cell(band, column), builder.sum() / cell_area});
  });
}

/// Cuts a polygon in the source's plane along the source's cells.
void overlap_outline(const CellBands& source, const Outline& outline, WeightsBuilder& builder) {
  const auto [south, north] = std::minmax_element(
      outline.begin(), outline.end(), [](const auto& a, const auto& b) { return a.sine < b.sine; });
  for (const Overlap& y : overlaps_of_rows(source.sine_edges, south->sine, north->sine)) {
    const Outline strip = clip_sines(outline, y.from, y.to);
    if (strip.empty()) continue;
    const auto [west, east] = std::minmax_element(
        strip.begin(), strip.end(), [](const auto& a, const auto& b) { return a.longitude < b.longitude; });
    for (const Overlap& x : overlaps_of_columns(source.columns(y.cell), west->longitude, east->longitude))
      builder.add(source.cell(y.cell, x.cell), area(clip_longitudes(strip, x.from, x.to)));
  }
}

/// The poles differ: each target cell is a polygon in the source's plane, cut along the source's cells.
template <class Finish>
void overlap_outlines(const Problem& problem, WeightsBuilder& builder, const Finish& finish) {
  const CellBands& source = problem.source;
  const CellBands& target = problem.target;
  const auto convert = [&](const Position& own) {
    const Position geographic = target.pole ? to_geographic(*target.pole, own) : own;
    return source.pole ? to_rotated(*source.pole, geographic) : geographic;
  };
  for_each_cell(target, [&](std::size_t band, std::size_t column) {
    const std::vector<double>& edges = target.columns(band);
    const Outline outline = cell_outline(
        {target.latitude_edges[band], target.latitude_edges[band + 1], edges[column], edges[column + 1]},
        convert);
    overlap_outline(source, outline, builder);
    finish(Covered{target.cell(band, column), builder.sum() / area(outline)});
  });
}

/// Whether a grid has one more column than its bands.
bool repeats_column(const Grid& grid, const CellBands& bands) {
  return !grid.unstructured && static_cast<std::int64_t>(bands.columns(0).size()) != grid.nx() + 1;
}

template <class Finish>
void overlap(const Problem& problem, WeightsBuilder& builder, const Finish& finish) {
  if (problem.source.pole == problem.target.pole) {
    overlap_rectangles(problem, builder, finish);
  } else {
    overlap_outlines(problem, builder, finish);
  }
}

}  // namespace

RegriddingWeights conservative_weights(const Grid& source, const Grid& target) {
  const Problem problem{make_cell_bands(source), make_cell_bands(target)};
  if (repeats_column(target, problem.target)) {
    throw core::Error("regridding: the target's " + target.x.name +
                      " repeats its first column after 360 degrees");
  }
  WeightsBuilder builder(source.ny(), source.nx());
  overlap(problem, builder, [&](const Covered& cell) { finish_cell(problem, target, cell, builder); });
  return builder.take();
}

namespace {

/// Those of a list of cells with corners.
CellsWithin polygons_within(const Grid& fine, const UnstructuredCells& coarse) {
  const auto count = static_cast<std::size_t>(coarse.size());
  const std::size_t corners = count == 0 ? 0 : coarse.corners.latitude.size() / count;
  const CellBands source = make_cell_bands(fine);
  const auto convert = [&](const Position& geographic) {
    return source.pole ? to_rotated(*source.pole, geographic) : geographic;
  };
  WeightsBuilder builder(fine.ny(), fine.nx());
  CellsWithin within;
  for (std::size_t cell = 0; cell < count; ++cell) {
    std::vector<Position> positions;
    for (std::size_t i = cell * corners; i < (cell + 1) * corners; ++i)
      if (std::isfinite(coarse.corners.latitude[i]) && std::isfinite(coarse.corners.longitude[i]))
        positions.push_back({coarse.corners.latitude[i], coarse.corners.longitude[i]});
    const Outline outline = polygon_outline(positions, convert);
    if (outline.empty()) continue;  // without corners it has no place
    overlap_outline(source, outline, builder);
    if (builder.sum() == 0 || !(builder.sum() >= kWholeCell * area(outline))) {
      builder.drop_cell();
      continue;
    }
    builder.finish_cell();
    within.cells.push_back(static_cast<std::int64_t>(cell));
  }
  if (within.cells.empty())
    throw core::Error("grid: none of its " + std::to_string(count) +
                      " cells lies wholly within the prior's domain (" + source.extent + ")");
  within.means = builder.take();
  return within;
}

/// Whether the corners of a list's cells are to be followed: those of Gaussian rows are boxes.
bool has_polygons(const Grid& grid) {
  if (!grid.unstructured || grid.unstructured->corners.latitude.empty()) return false;
  const UnstructuredCells& cells = *grid.unstructured;
  const auto rows = find_rows(cells);
  return !(rows && row_edges(*rows, cells.areas));
}

}  // namespace

CellsWithin cells_within(const Grid& fine, const Grid& coarse) {
  if (has_polygons(coarse)) return polygons_within(fine, *coarse.unstructured);
  const Problem problem{make_cell_bands(fine), make_cell_bands(coarse)};
  WeightsBuilder builder(fine.ny(), fine.nx());
  CellsWithin within;
  overlap(problem, builder, [&](const Covered& cell) {
    if (!(cell.part >= kWholeCell)) {
      builder.drop_cell();
      return;
    }
    builder.finish_cell();
    within.cells.push_back(cell.cell);
  });
  if (within.cells.empty())
    throw core::Error("grid: none of its cells (" + problem.target.extent +
                      ") lies wholly within the prior's domain (" + problem.source.extent + ")");
  within.means = builder.take();
  within.has_repeated_column = repeats_column(coarse, problem.target);
  return within;
}

}  // namespace foehn::grid

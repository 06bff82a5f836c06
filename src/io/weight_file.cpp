#include "foehn/io/weight_file.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {
namespace {

/// Rounding in float32 moves a centre by less than this, degrees; another grid by more.
constexpr double kCentreTolerance = 0.01;
/// A header may lie: no method makes more links than this for each cell of the two grids.
constexpr std::int64_t kMostLinksPerCell = 64;

/// How far a target cell's weights may be from summing to what they should.
constexpr double kSumTolerance = 1e-3;

/// What one side of a weight file is called.
struct SideNames {
  const char* what;
  const char* address;
  const char* dimensions;
  const char* cells;  ///< the dimension of its cells
  const char* latitude;
  const char* longitude;
};

struct Layout {
  SideNames source;
  SideNames target;
  const char* weight;
  const char* covered;  ///< part of each target cell that the source covers
};

constexpr Layout kScrip{
    {"source", "src_address", "src_grid_dims", "src_grid_size", "src_grid_center_lat", "src_grid_center_lon"},
    {"target", "dst_address", "dst_grid_dims", "dst_grid_size", "dst_grid_center_lat", "dst_grid_center_lon"},
    "remap_matrix",
    "dst_grid_frac"};
constexpr Layout kEsmf{{"source", "col", "src_grid_dims", "n_a", "yc_a", "xc_a"},
                       {"target", "row", "dst_grid_dims", "n_b", "yc_b", "xc_b"},
                       "S",
                       "frac_b"};

std::string in_file(const NetcdfFile& file, const std::string& variable) {
  return file.path().string() + ": " + variable;
}

Layout layout_of(const NetcdfFile& file) {
  const auto has_all = [&](const Layout& layout) {
    return file.has_variable(layout.source.address) && file.has_variable(layout.target.address) &&
           file.has_variable(layout.weight);
  };
  if (has_all(kScrip)) return kScrip;
  if (has_all(kEsmf)) return kEsmf;
  throw core::Error(
      file.path().string() +
      ": not a weight file: expected variables src_address, dst_address and remap_matrix (SCRIP, "
      "cdo) or col, row and S (ESMF, xESMF)");
}

/// The length of a variable with one dimension, as the header says.
std::int64_t length_of(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (variable.dimensions.size() != 1) {
    throw core::Error(in_file(file, variable.name) + " has " + std::to_string(variable.dimensions.size()) +
                      " dimensions, expected 1");
  }
  return variable.dimensions[0].size;
}

std::vector<double> read_of_length(const NetcdfFile& file, const std::string& name, std::int64_t expected) {
  const NetcdfVariable variable = file.variable(name);
  const std::int64_t found = length_of(file, variable);
  if (found != expected) {
    throw core::Error(in_file(file, name) + " has " + std::to_string(found) + " values, expected " +
                      std::to_string(expected));
  }
  return file.read_doubles(variable);
}

void check_dimensions(const NetcdfFile& file, const SideNames& side, const grid::CellCentres& grid) {
  if (const auto cells = file.dimension_size(side.cells); cells && *cells != grid.cells())
    throw core::Error(in_file(file, side.cells) + ": the weights are for a " + side.what + " grid of " +
                      std::to_string(*cells) + " cells, expected " + std::to_string(grid.cells()));
  if (!file.has_variable(side.dimensions)) return;
  const NetcdfVariable variable = file.variable(side.dimensions);
  const std::int64_t rank = length_of(file, variable);
  if (rank != 1 && rank != 2) {
    throw core::Error(in_file(file, side.dimensions) + " has " + std::to_string(rank) +
                      " values, expected 1 (cells) or 2 (x, y)");
  }
  const std::vector<double> sizes = file.read_doubles(variable);
  // Of a list of cells it is not known which rows and columns another program saw in them.
  const bool has_rows = rank == 2 && grid.ny > 1;
  const double cells = rank == 2 ? sizes[0] * sizes[1] : sizes[0];
  const bool is_same =
      has_rows ? sizes[0] == static_cast<double>(grid.nx) && sizes[1] == static_cast<double>(grid.ny)
               : cells == static_cast<double>(grid.cells());
  if (is_same) return;
  const auto text = [](double size) { return std::to_string(std::llround(size)); };
  throw core::Error(in_file(file, side.dimensions) + ": the weights are for a " + side.what + " grid of " +
                    (rank == 2 ? text(sizes[1]) + " x " + text(sizes[0]) : text(sizes[0])) +
                    " cells, expected " + std::to_string(grid.ny) + " x " + std::to_string(grid.nx));
}

/// Degrees, whatever the file holds.
std::vector<double> read_angles(const NetcdfFile& file, const std::string& name, std::int64_t cells) {
  std::vector<double> angles = read_of_length(file, name, cells);
  const std::string units = file.variable(name).text("units").value_or("degrees");
  if (units.starts_with("radian")) {
    for (double& angle : angles) angle /= grid::kRadians;
  } else if (!units.starts_with("degree")) {
    throw core::Error(in_file(file, name) + " has units '" + units + "', expected degrees or radians");
  }
  return angles;
}

bool has_centres(const NetcdfFile& file, const SideNames& side) {
  return file.has_variable(side.latitude) && file.has_variable(side.longitude);
}

void check_centres(const NetcdfFile& file, const SideNames& side, const grid::CellCentres& grid) {
  if (!has_centres(file, side)) return;
  const std::vector<double> latitude = read_angles(file, side.latitude, grid.cells());
  const std::vector<double> longitude = read_angles(file, side.longitude, grid.cells());
  for (std::size_t i = 0; i < latitude.size(); ++i) {
    const double expected_latitude = grid.centres.latitude[i];
    const double expected_longitude = grid.centres.longitude[i];
    // At a pole all longitudes are one point.
    const double eastward = std::remainder(longitude[i] - expected_longitude, 360.0);
    const double east = eastward * std::cos(expected_latitude * grid::kRadians);
    const double north = latitude[i] - expected_latitude;
    const bool is_no_cell = std::isnan(expected_latitude);
    if (is_no_cell || (std::abs(east) <= kCentreTolerance && std::abs(north) <= kCentreTolerance)) continue;
    const auto text = [](double lat, double lon) {
      return "latitude " + std::to_string(lat) + ", longitude " + std::to_string(lon);
    };
    throw core::Error(in_file(file, side.latitude) + ": the weights are for another " + side.what +
                      " grid: cell " + std::to_string(i + 1) + " lies at " +
                      text(latitude[i], expected_longitude + eastward) + ", expected " +
                      text(expected_latitude, expected_longitude));
  }
}

/// Addresses from 1, as indices from 0.
std::vector<std::int64_t> read_addresses(const NetcdfFile& file, const SideNames& side, std::int64_t links,
                                         std::int64_t cells) {
  const std::vector<double> stored = read_of_length(file, side.address, links);
  std::vector<std::int64_t> addresses;
  addresses.reserve(stored.size());
  for (std::size_t i = 0; i < stored.size(); ++i) {
    if (!(stored[i] >= 1 && stored[i] <= static_cast<double>(cells)) || stored[i] != std::floor(stored[i])) {
      throw core::Error(in_file(file, side.address) + ": link " + std::to_string(i + 1) + " has address " +
                        std::to_string(stored[i]) + ", expected a whole number from 1 to " +
                        std::to_string(cells) + ", the cells of the " + side.what + " grid");
    }
    addresses.push_back(static_cast<std::int64_t>(stored[i]) - 1);
  }
  return addresses;
}

std::vector<double> read_weights(const NetcdfFile& file, const std::string& name, std::int64_t links) {
  const NetcdfVariable variable = file.variable(name);
  const auto& dimensions = variable.dimensions;
  if (dimensions.size() == 2 && dimensions[1].size != 1) {
    throw core::Error(
        in_file(file, name) + " has " + std::to_string(dimensions[1].size) +
        " weights a link, expected 1 (bilinear, nearest neighbour or first-order conservative)");
  }
  if (dimensions.empty() || dimensions.size() > 2 || dimensions[0].size != links) {
    throw core::Error(in_file(file, name) + ": expected " + std::to_string(links) +
                      " values, one for each address");
  }
  std::vector<double> weights = file.read_doubles(variable);
  const auto bad =
      std::find_if_not(weights.begin(), weights.end(), [](double w) { return std::isfinite(w); });
  if (bad != weights.end()) {
    throw core::Error(in_file(file, name) + ": the weight of link " +
                      std::to_string(bad - weights.begin() + 1) + " is " + std::to_string(*bad) +
                      ", expected a finite number");
  }
  return weights;
}

/// Sorts links by target cell, in the file's order within one.
grid::RegriddingWeights in_rows(const std::vector<std::int64_t>& source_cell,
                                const std::vector<std::int64_t>& target_cell,
                                const std::vector<double>& weight, std::int64_t target_cells) {
  grid::RegriddingWeights rows;
  rows.first_link.assign(static_cast<std::size_t>(target_cells) + 1, 0);
  for (const std::int64_t cell : target_cell) ++rows.first_link[static_cast<std::size_t>(cell) + 1];
  for (std::size_t i = 1; i < rows.first_link.size(); ++i) rows.first_link[i] += rows.first_link[i - 1];
  std::vector<std::int64_t> next(rows.first_link.begin(), rows.first_link.end() - 1);
  rows.source_cell.resize(weight.size());
  rows.weight.resize(weight.size());
  for (std::size_t link = 0; link < weight.size(); ++link) {
    const auto place = static_cast<std::size_t>(next[static_cast<std::size_t>(target_cell[link])]++);
    rows.source_cell[place] = source_cell[link];
    rows.weight[place] = weight[link];
  }
  return rows;
}

/// What the weights of a target cell are: those of an interpolation; areas, or parts of the cell's area, that
/// the source covers; or the latter scaled to sum to 1.
enum class WeightKind { interpolation, areas, parts, scaled_parts };

/// What they may sum to.
struct SumRange {
  WeightKind kind = WeightKind::parts;
  double least = 0;
  double most = 1 + kSumTolerance;
};

/// By the global attributes of SCRIP and ESMF, where they are there.
SumRange sum_range(const NetcdfFile& file) {
  const Attributes attributes = file.global_attributes();
  const auto text = [&](const char* name) {
    const auto found = attributes.find(name);
    const auto* value = found == attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
    return value ? core::lower_case(*value) : std::string();
  };
  const std::string method = text("map_method");
  const bool is_interpolation =
      method.starts_with("bilinear") || method.starts_with("nearest") || method.starts_with("distance");
  if (is_interpolation) return {WeightKind::interpolation, 1 - kSumTolerance};
  if (text("normalization") == "fracarea") return {WeightKind::scaled_parts, 1 - kSumTolerance};
  if (text("normalization") == "none") return {WeightKind::areas, 0, std::numeric_limits<double>::infinity()};
  return {};
}

[[noreturn]] void refuse_sum(const std::string& where, std::size_t cell, double sum,
                             const SumRange& expected) {
  std::string wanted = expected.least > 0 ? "1" : "1 or, of a cell that is covered in part, less";
  if (!(sum > 0)) wanted = "more than 0: the source grid does not cover it";
  throw core::Error(where + ": the weights of target cell " + std::to_string(cell + 1) + " sum to " +
                    std::to_string(sum) + ", expected " + wanted);
}

/// What the weights of each target cell sum to.
std::vector<double> sums_of(const grid::RegriddingWeights& weights) {
  std::vector<double> sums;
  for (std::size_t cell = 0; cell + 1 < weights.first_link.size(); ++cell) {
    double sum = 0;
    for (auto link = weights.first_link[cell]; link < weights.first_link[cell + 1]; ++link)
      sum += weights.weight[static_cast<std::size_t>(link)];
    sums.push_back(sum);
  }
  return sums;
}

/// Scales each target cell's weights to sum to 1.
void normalise(const std::string& where, const SumRange& expected, grid::RegriddingWeights& weights) {
  const std::vector<double> sums = sums_of(weights);
  for (std::size_t cell = 0; cell < sums.size(); ++cell) {
    if (!(sums[cell] > 0) || sums[cell] < expected.least || sums[cell] > expected.most)
      refuse_sum(where, cell, sums[cell], expected);
    for (auto link = weights.first_link[cell]; link < weights.first_link[cell + 1]; ++link)
      weights.weight[static_cast<std::size_t>(link)] /= sums[cell];
  }
}

/// The weights as they are in the file, checked but for their sums.
grid::RegriddingWeights read_rows(const NetcdfFile& file, const Layout& layout,
                                  const grid::CellCentres& source, const grid::CellCentres& target) {
  check_dimensions(file, layout.source, source);
  check_dimensions(file, layout.target, target);
  const std::int64_t links = length_of(file, file.variable(layout.source.address));
  if (links > kMostLinksPerCell * (source.cells() + target.cells())) {
    throw core::Error(in_file(file, layout.source.address) + " has " + std::to_string(links) +
                      " links, more than these grids can have");
  }
  check_centres(file, layout.source, source);
  check_centres(file, layout.target, target);
  grid::RegriddingWeights weights = in_rows(read_addresses(file, layout.source, links, source.cells()),
                                            read_addresses(file, layout.target, links, target.cells()),
                                            read_weights(file, layout.weight, links), target.cells());
  weights.source_ny = source.ny;
  weights.source_nx = source.nx;
  return weights;
}

bool is_whole(double part) {
  return part >= 1 - kSumTolerance;
}

/// How much of each target cell the source covers: by the file, or by sums of weights.
/// @param sums  [target cell]; 0 where there are no weights
std::vector<double> covered_parts(const NetcdfFile& file, const Layout& layout, WeightKind kind,
                                  const std::vector<double>& sums) {
  if (kind == WeightKind::interpolation) return std::vector<double>(sums.size(), 1.0);
  const bool is_told = file.has_variable(layout.covered);
  if (!is_told && kind == WeightKind::parts) return sums;
  std::vector<double> parts;
  if (is_told) parts = read_of_length(file, layout.covered, static_cast<std::int64_t>(sums.size()));
  // cdo says 1 of all cells whose weights it has scaled.
  bool tells_nothing = !is_told || kind == WeightKind::scaled_parts;
  for (std::size_t cell = 0; cell < parts.size(); ++cell)
    tells_nothing = tells_nothing && (sums[cell] == 0 || is_whole(parts[cell]));
  if (tells_nothing)
    throw core::Error(file.path().string() +
                      ": it does not tell which cells are covered in part: expected weights of the "
                      "normalization destarea (cdo: CDO_REMAP_NORM=destarea), or parts of cells below 1 in a "
                      "variable " +
                      layout.covered);
  return parts;
}

}  // namespace

grid::CellsWithin read_weights_within(const std::filesystem::path& path, const grid::CellCentres& fine,
                                      const grid::CellCentres& coarse) {
  const NetcdfFile file = NetcdfFile::open(path);
  const Layout layout = layout_of(file);
  const grid::RegriddingWeights all = read_rows(file, layout, fine, coarse);
  const SumRange expected = sum_range(file);
  const std::vector<double> sums = sums_of(all), covered = covered_parts(file, layout, expected.kind, sums);
  grid::CellsWithin within;
  within.means.source_ny = all.source_ny;
  within.means.source_nx = all.source_nx;
  for (std::size_t cell = 0; cell < sums.size(); ++cell) {
    const auto first = static_cast<std::ptrdiff_t>(all.first_link[cell]),
               last = static_cast<std::ptrdiff_t>(all.first_link[cell + 1]);
    if (first == last) continue;
    if (!(sums[cell] > 0) || sums[cell] < expected.least || sums[cell] > expected.most)
      refuse_sum(in_file(file, layout.weight), cell, sums[cell], expected);
    if (!is_whole(covered[cell])) continue;
    within.cells.push_back(static_cast<std::int64_t>(cell));
    within.means.source_cell.insert(within.means.source_cell.end(), all.source_cell.begin() + first,
                                    all.source_cell.begin() + last);
    for (auto link = first; link < last; ++link) {
      const double weight = all.weight[static_cast<std::size_t>(link)];
      if (weight < 0)
        throw core::Error(in_file(file, layout.weight) + ": target cell " + std::to_string(cell) +
                          ": expected weights of a mean, none below 0, found " + std::to_string(weight) +
                          " (weights of first-order conservative remapping have none)");
      within.means.weight.push_back(weight / sums[cell]);
    }
    within.means.first_link.push_back(static_cast<std::int64_t>(within.means.weight.size()));
  }
  if (within.cells.empty())
    throw core::Error(in_file(file, layout.weight) + ": none of the " + std::to_string(sums.size()) +
                      " target cells is covered whole by the source grid");
  return within;
}

grid::RegriddingWeights read_weight_file(const std::filesystem::path& path, const grid::CellCentres& source,
                                         const grid::CellCentres& target) {
  const NetcdfFile file = NetcdfFile::open(path);
  const Layout layout = layout_of(file);
  grid::RegriddingWeights weights = read_rows(file, layout, source, target);
  normalise(in_file(file, layout.weight), sum_range(file), weights);
  return weights;
}

bool has_cell_centres(const std::filesystem::path& path) {
  const NetcdfFile file = NetcdfFile::open(path);
  const Layout layout = layout_of(file);
  return has_centres(file, layout.source) && has_centres(file, layout.target);
}

void warn_without_cell_centres(const std::filesystem::path& path) {
  if (!has_cell_centres(path))
    spdlog::warn(
        "{}: it does not hold the cell centres of both grids, so that it could not be checked whether the "
        "weights are for these grids",
        path.string());
}

}  // namespace foehn::io

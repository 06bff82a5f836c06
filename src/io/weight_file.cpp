#include "foehn/io/weight_file.hpp"

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
};

constexpr Layout kScrip{
    {"source", "src_address", "src_grid_dims", "src_grid_size", "src_grid_center_lat", "src_grid_center_lon"},
    {"target", "dst_address", "dst_grid_dims", "dst_grid_size", "dst_grid_center_lat", "dst_grid_center_lon"},
    "remap_matrix"};
constexpr Layout kEsmf{{"source", "col", "src_grid_dims", "n_a", "yc_a", "xc_a"},
                       {"target", "row", "dst_grid_dims", "n_b", "yc_b", "xc_b"},
                       "S"};

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
  const bool is_same =
      rank == 2 ? sizes[0] == static_cast<double>(grid.nx) && sizes[1] == static_cast<double>(grid.ny)
                : sizes[0] == static_cast<double>(grid.cells());
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
    const double east = std::remainder(longitude[i] - expected_longitude, 360.0) *
                        std::cos(expected_latitude * grid::kRadians);
    const double north = latitude[i] - expected_latitude;
    const bool is_no_cell = std::isnan(expected_latitude);
    if (is_no_cell || (std::abs(east) <= kCentreTolerance && std::abs(north) <= kCentreTolerance)) continue;
    const auto text = [](double lat, double lon) {
      return "latitude " + std::to_string(lat) + ", longitude " + std::to_string(lon);
    };
    throw core::Error(in_file(file, side.latitude) + ": the weights are for another " + side.what +
                      " grid: cell " + std::to_string(i + 1) + " lies at " + text(latitude[i], longitude[i]) +
                      ", expected " + text(expected_latitude, expected_longitude));
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

/// What the weights of a target cell may sum to.
struct SumRange {
  double least = 0;
  double most = 1 + kSumTolerance;  ///< conservative ones to the part of the cell that the source covers
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
  if (is_interpolation || text("normalization") == "fracarea") return {1 - kSumTolerance};
  if (text("normalization") == "none") return {0, std::numeric_limits<double>::infinity()};
  return {};
}

/// Scales each target cell's weights to sum to 1.
void normalise(const std::string& where, const SumRange& expected, grid::RegriddingWeights& weights) {
  for (std::size_t cell = 0; cell + 1 < weights.first_link.size(); ++cell) {
    const auto first = static_cast<std::size_t>(weights.first_link[cell]);
    const auto last = static_cast<std::size_t>(weights.first_link[cell + 1]);
    double sum = 0;
    for (std::size_t link = first; link < last; ++link) sum += weights.weight[link];
    if (!(sum > 0)) {
      throw core::Error(where + ": the weights of target cell " + std::to_string(cell + 1) + " sum to " +
                        std::to_string(sum) + ", expected more than 0: the source grid does not cover it");
    }
    if (sum < expected.least || sum > expected.most)
      throw core::Error(where + ": the weights of target cell " + std::to_string(cell + 1) + " sum to " +
                        std::to_string(sum) + ", expected " +
                        (expected.least > 0 ? "1" : "1 or, of a cell that is covered in part, less"));
    for (std::size_t link = first; link < last; ++link) weights.weight[link] /= sum;
  }
}

}  // namespace

grid::RegriddingWeights read_weight_file(const std::filesystem::path& path, const grid::CellCentres& source,
                                         const grid::CellCentres& target) {
  const NetcdfFile file = NetcdfFile::open(path);
  const Layout layout = layout_of(file);
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
  normalise(in_file(file, layout.weight), sum_range(file), weights);
  return weights;
}

bool has_cell_centres(const std::filesystem::path& path) {
  const NetcdfFile file = NetcdfFile::open(path);
  const Layout layout = layout_of(file);
  return has_centres(file, layout.source) && has_centres(file, layout.target);
}

}  // namespace foehn::io

#include "unstructured_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>
#include <sstream>
#include <tuple>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/cell_corners.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {
namespace {

constexpr double kSphere = 4 * std::numbers::pi;
/// m, of the sphere on which IFS and ICON run.
constexpr double kRadiusOfAreas = 6371229;
/// Areas that sum to the sphere's but for this part are those of a global grid: earths differ in radius.
constexpr double kGlobal = 0.01;
/// A row lies where a Gaussian grid has it if it is no further off than this part of a step between rows.
constexpr double kSameRow = 1e-2;

constexpr const char* kLatitude = "lat";
constexpr const char* kLongitude = "lon";
constexpr const char* kArea = "cell_area";
constexpr const char* kCorners = "vertices";

// cdo's attributes of a field on a reduced Gaussian grid, whose cells have no positions in the file.
constexpr const char* kCdiGridType = "CDI_grid_type";
constexpr const char* kCdiReducedPoints = "CDI_grid_reduced_points";

std::string bounds_of(const char* coordinate) {
  return std::string(coordinate) + "_bnds";
}

bool is_of_cells(const NetcdfVariable& variable, const std::string& dimension) {
  return variable.is_numeric && variable.dimensions.size() == 1 && variable.dimensions[0].name == dimension;
}

bool is_cdi_reduced(const NetcdfVariable& variable) {
  return variable.text(kCdiGridType) == "gaussian_reduced" && variable.text(kCdiReducedPoints);
}

grid::UnstructuredCells read_cdi_reduced(const NetcdfFile& file, const NetcdfVariable& variable) {
  const std::string name = *variable.text(kCdiReducedPoints);
  std::vector<std::int64_t> sizes;
  for (const double points : file.read_doubles(file.variable(name))) sizes.push_back(std::llround(points));
  const std::int64_t cells = variable.dimensions.back().size;
  const std::int64_t sum = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  if (sum != cells)
    throw core::Error(fmt::format("{}: points of {} rows that sum to {}, but {} has {} cells", name,
                                  sizes.size(), sum, variable.dimensions.back().name, cells));
  return *grid::reduced_gaussian_grid(sizes).unstructured;
}

/// The area that a variable says that each cell has, of the unit sphere; nothing where none says so.
std::optional<std::vector<double>> read_areas(const NetcdfFile& file, const NetcdfVariable& field) {
  const std::string& dimension = field.dimensions.back().name;
  std::vector<std::string> names;
  std::istringstream words(field.text("cell_measures").value_or(""));
  for (std::string measure, name; words >> measure >> name;)
    if (measure == "area:" && file.has_variable(name)) names.push_back(name);
  for (const std::string& name : file.variable_names())
    if (standard_name(file.variable(name)) == "cell_area") names.push_back(name);
  for (const std::string& name : names) {
    const NetcdfVariable variable = file.variable(name);
    if (!is_of_cells(variable, dimension)) continue;
    std::vector<double> areas = read_coordinate(file, variable);
    const std::string units = variable.text("units").value_or("1");
    double scale = 1;
    if (units != "1" && units != "sr" && units != "steradian")
      scale = core::with_context(name, [&] { return core::unit_conversion(units, "m2").scale; }) /
              (kRadiusOfAreas * kRadiusOfAreas);
    for (std::size_t i = 0; i < areas.size(); ++i) {
      areas[i] *= scale;
      if (!(areas[i] > 0) || !std::isfinite(areas[i]))
        throw core::Error(fmt::format("{}: cell {}: expected a positive area", name, i));
    }
    return areas;
  }
  return std::nullopt;
}

/// The areas of cells that lie in the rows of a Gaussian grid; nothing where they do not.
std::optional<std::vector<double>> gaussian_areas(const grid::UnstructuredCells& cells) {
  const auto rows = grid::find_rows(cells);
  if (!rows) return std::nullopt;
  const grid::GaussianRows gaussian = grid::gaussian_rows(rows->rows());
  const double most = kSameRow * (gaussian.latitude[0] - gaussian.latitude[1]);
  std::vector<double> areas;
  for (std::size_t row = 0; row < rows->latitude.size(); ++row) {
    if (!(std::abs(rows->latitude[row] - gaussian.latitude[row]) <= most)) return std::nullopt;
    const std::int64_t size = rows->size(static_cast<std::int64_t>(row));
    areas.insert(areas.end(), static_cast<std::size_t>(size),
                 gaussian.weight[row] * 2 * std::numbers::pi / static_cast<double>(size));
  }
  return areas;
}

/// [cell, corner], degrees; nothing where the coordinate, [cell] or [y, x], has no bounds.
std::optional<std::vector<double>> read_corners(const NetcdfFile& file, const std::string& coordinate) {
  const NetcdfVariable centres = file.variable(coordinate);
  const auto name = centres.text("bounds");
  if (!name || !file.has_variable(*name)) return std::nullopt;
  const NetcdfVariable variable = file.variable(*name);
  const bool is_of_them =
      variable.is_numeric && variable.dimensions.size() == centres.dimensions.size() + 1 &&
      std::equal(centres.dimensions.begin(), centres.dimensions.end(), variable.dimensions.begin(),
                 [](const auto& a, const auto& b) { return a.name == b.name; }) &&
      variable.dimensions.back().size >= 3;
  if (!is_of_them) return std::nullopt;
  std::vector<double> bounds = read_coordinate(file, variable);
  // CF 7.1 wants them in the coordinate's units; some files give them their own.
  const std::string own = centres.text("units").value_or("");
  if (is_radians(variable.text("units").value_or(own)))
    for (double& bound : bounds) bound /= grid::kRadians;
  return bounds;
}

grid::Geographic corners_at(const NetcdfFile& file, const HorizontalPositions& positions) {
  auto latitude = read_corners(file, positions.latitude_name);
  auto longitude = read_corners(file, positions.longitude_name);
  if (!latitude || !longitude || latitude->size() != longitude->size()) return {};
  grid::settle_latitudes(*latitude);
  return {std::move(*latitude), std::move(*longitude)};
}

bool are_finite(const grid::Geographic& positions) {
  const auto all = [](const std::vector<double>& values) {
    return std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
  };
  return all(positions.latitude) && all(positions.longitude);
}

/// A cell that lacks a corner, or its centre, has no corners.
void leave_out_incomplete(grid::UnstructuredCells& cells) {
  auto& [latitude, longitude] = cells.corners;
  const std::size_t count = cells.centres.latitude.size(), each = latitude.size() / count;
  for (std::size_t cell = 0; cell < count; ++cell) {
    bool is_complete = std::isfinite(cells.centres.latitude[cell]);
    for (std::size_t i = cell * each; i < (cell + 1) * each; ++i)
      is_complete = is_complete && std::isfinite(latitude[i]) && std::isfinite(longitude[i]);
    if (is_complete) continue;
    const auto first = static_cast<std::ptrdiff_t>(cell * each);
    std::fill_n(latitude.begin() + first, each, std::numeric_limits<double>::quiet_NaN());
    std::fill_n(longitude.begin() + first, each, std::numeric_limits<double>::quiet_NaN());
  }
}

/// Whether cells of these areas are the boxes of rows that they lie in.
bool fit_rows(const grid::UnstructuredCells& cells, std::span<const double> areas) {
  const auto rows = grid::find_rows(cells);
  return rows && grid::row_edges(*rows, areas);
}

void scale_to_sphere(std::vector<double>& areas) {
  const double sum = std::accumulate(areas.begin(), areas.end(), 0.0);
  if (std::abs(sum / kSphere - 1) > kGlobal) return;
  for (double& area : areas) area *= kSphere / sum;
}

}  // namespace

bool is_unstructured(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (variable.dimensions.empty()) return false;
  const std::string& dimension = variable.dimensions.back().name;
  if (is_cdi_reduced(variable)) return true;
  if (file.has_variable(dimension) && is_longitude(file.variable(dimension))) return false;
  return has_positions(file, variable, 1);
}

grid::UnstructuredCells read_unstructured(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (is_cdi_reduced(variable)) {
    grid::UnstructuredCells cells = read_cdi_reduced(file, variable);
    cells.name = variable.dimensions.back().name;
    return cells;
  }
  HorizontalPositions positions = *read_positions(file, variable, 1);
  grid::UnstructuredCells cells{variable.dimensions.back().name, std::move(positions.cells), {}};
  const std::vector<double>& latitude = cells.centres.latitude;
  for (std::size_t i = 0; i < latitude.size(); ++i)
    if (std::isnan(latitude[i]))
      throw core::Error(fmt::format("{} {} has no position: {} or {} is missing there", cells.name, i,
                                    positions.latitude_name, positions.longitude_name));
  auto areas = read_areas(file, variable);
  cells.areas.resize(latitude.size());  // gives the list its size
  auto of_rows = gaussian_areas(cells);
  // Cells of Gaussian rows are boxes that follow from their rows, unless the file gives them other areas.
  if (!of_rows || !fit_rows(cells, areas.value_or(*of_rows))) cells.corners = corners_at(file, positions);
  if (!are_finite(cells.corners)) cells.corners = {};
  if (!areas) areas = std::move(of_rows);
  if (!areas) {
    if (cells.corners.latitude.empty())
      throw core::Error(
          fmt::format("the areas of its cells ({}) are not known: expected a variable of standard name "
                      "cell_area, bounds of "
                      "{} and {} with the corners of each cell, or the rows of a Gaussian grid",
                      cells.name, positions.latitude_name, positions.longitude_name));
    areas = grid::areas_of_corners(cells.corners, cells.size());
    for (std::size_t i = 0; i < areas->size(); ++i)
      if (!((*areas)[i] > 0))
        throw core::Error(fmt::format("{} {}: its corners, the bounds of {} and {}, enclose no area",
                                      cells.name, i, positions.latitude_name, positions.longitude_name));
  }
  cells.areas = std::move(*areas);
  scale_to_sphere(cells.areas);
  return cells;
}

grid::UnstructuredCells read_any_cells(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (is_cdi_reduced(variable)) return read_unstructured(file, variable);
  const bool is_list = is_unstructured(file, variable);
  auto positions = read_positions(file, variable, is_list ? 1 : 2);
  if (!positions)
    throw core::Error(
        "no latitude or no longitude was found for its cells: expected coordinate variables of its "
        "dimensions in degrees, or fields that its attribute coordinates names");
  grid::UnstructuredCells cells{is_list ? variable.dimensions.back().name : "cell", positions->cells, {}};
  cells.areas.resize(cells.centres.latitude.size());  // gives the list its size
  auto areas = is_list ? read_areas(file, variable) : std::nullopt;
  if (!areas) areas = gaussian_areas(cells);
  if (!areas || !fit_rows(cells, *areas)) cells.corners = corners_at(file, *positions);
  if (!is_list && !cells.corners.latitude.empty()) leave_out_incomplete(cells);
  cells.areas =
      areas.value_or(std::vector<double>(cells.areas.size(), std::numeric_limits<double>::quiet_NaN()));
  scale_to_sphere(cells.areas);
  return cells;
}

namespace {

/// Of the grid, or of boxes; empty where neither is known.
grid::Geographic known_corners(const grid::UnstructuredCells& cells) {
  if (!cells.corners.latitude.empty()) return cells.corners;
  const auto rows = grid::find_rows(cells);
  return rows ? grid::corners_of_rows(*rows, cells.areas).value_or(grid::Geographic{}) : grid::Geographic{};
}

}  // namespace

void define_cells(NetcdfFile& file, const grid::UnstructuredCells& cells) {
  file.define_dimension(cells.name, cells.size());
  const auto corners = static_cast<std::int64_t>(known_corners(cells).latitude.size()) / cells.size();
  if (corners > 0) file.define_dimension(kCorners, corners);
  for (const auto& [name, standard, units] : {std::tuple(kLatitude, "latitude", "degrees_north"),
                                              std::tuple(kLongitude, "longitude", "degrees_east")}) {
    Attributes attributes{{"standard_name", std::string(standard)},
                          {"long_name", std::string(standard)},
                          {"units", std::string(units)}};
    if (corners > 0) attributes["bounds"] = bounds_of(name);
    file.define_variable(name, NetcdfType::float64, {cells.name}, attributes);
    if (corners > 0) file.define_variable(bounds_of(name), NetcdfType::float64, {cells.name, kCorners}, {});
  }
  file.define_variable(
      kArea, NetcdfType::float64, {cells.name},
      {{"standard_name", std::string("cell_area")},
       {"long_name", fmt::format("area of a cell, on a sphere of radius {} m", kRadiusOfAreas)},
       {"units", std::string("m2")}});
}

void write_cells(NetcdfFile& file, const grid::UnstructuredCells& cells) {
  file.write(kLatitude, std::span<const double>(cells.centres.latitude));
  file.write(kLongitude, std::span<const double>(cells.centres.longitude));
  std::vector<double> areas = cells.areas;
  for (double& area : areas) area *= kRadiusOfAreas * kRadiusOfAreas;
  file.write(kArea, std::span<const double>(areas));
  const grid::Geographic corners = known_corners(cells);
  if (corners.latitude.empty()) return;
  file.write(bounds_of(kLatitude), std::span<const double>(corners.latitude));
  file.write(bounds_of(kLongitude), std::span<const double>(corners.longitude));
}

Attributes cell_attributes() {
  return {{"coordinates", std::string(kLatitude) + " " + kLongitude},
          {"cell_measures", std::string("area: ") + kArea},
          {kCdiGridType, std::string("unstructured")}};
}

}  // namespace foehn::io

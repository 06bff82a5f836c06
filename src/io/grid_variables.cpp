#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "cell_bounds.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"
#include "foehn/io/trajectory_writer.hpp"

namespace foehn::io {
namespace {

/// Degrees, with room for rounding in float32.
constexpr double kWholeTurn = 360.001;

constexpr const char* kRotatedMapping = "rotated_latitude_longitude";
constexpr const char* kGeographicMapping = "latitude_longitude";

bool has_mapping(const grid::Grid& grid, const GridMapping& mapping) {
  return grid.rotated_pole || mapping.earth_radius;
}

Attributes mapping_attributes(const grid::Grid& grid, const GridMapping& mapping) {
  Attributes attributes{{"grid_mapping_name", kGeographicMapping}};
  if (grid.rotated_pole) {
    attributes = {{"grid_mapping_name", kRotatedMapping},
                  {"grid_north_pole_latitude", grid.rotated_pole->pole_latitude},
                  {"grid_north_pole_longitude", grid.rotated_pole->pole_longitude},
                  {"north_pole_grid_longitude", grid.rotated_pole->north_pole_grid_longitude}};
  }
  if (mapping.earth_radius) attributes["earth_radius"] = *mapping.earth_radius;
  return attributes;
}

Attributes axis_attributes(const grid::Axis& axis, const std::string& letter, const std::string& long_name,
                           const GridMapping& mapping) {
  Attributes attributes{{"standard_name", axis.standard_name},
                        {"long_name", long_name},
                        {"units", axis.units},
                        {"axis", letter}};
  if (mapping.has_cell_bounds) attributes["bounds"] = bounds_name(axis);
  return attributes;
}

/// Of the 2-D coordinates of a rotated grid.
Attributes position_attributes(const char* name, const char* units, const char* vertices,
                               const GridMapping& mapping) {
  Attributes attributes{
      {"standard_name", std::string(name)}, {"long_name", std::string(name)}, {"units", std::string(units)}};
  if (mapping.has_cell_bounds) attributes["bounds"] = std::string(vertices);
  return attributes;
}

/// Longitudes that jump by a turn (340 to 359, then 0 to 19) without the jump.
std::vector<double> unwrapped(std::vector<double> longitudes) {
  for (std::size_t i = 1; i < longitudes.size(); ++i)
    longitudes[i] = longitudes[i - 1] + std::remainder(longitudes[i] - longitudes[i - 1], 360.0);
  return longitudes;
}

/// The first point at which an axis does not go on rising or falling, or is not finite; its size if none is.
std::size_t first_turn(const std::vector<double>& values) {
  const auto step = [&](std::size_t k) { return values[k] - values[k - 1]; };
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool turns = i > 0 && (step(i) == 0 || (step(i) > 0) != (step(1) > 0));
    if (!std::isfinite(values[i]) || turns) return i;
  }
  return values.size();
}

/// A 1-D coordinate variable named like its dimension, strictly rising or falling; longitudes but for one
/// jump by a turn.
grid::Axis read_axis(const NetcdfFile& file, const std::string& where, const NetcdfDimension& dimension,
                     bool is_x) {
  if (!file.has_variable(dimension.name)) {
    throw core::Error(where + ": dimension " + dimension.name + " has no coordinate variable");
  }
  const NetcdfVariable variable = file.variable(dimension.name);
  if (variable.dimensions.size() != 1 || variable.dimensions[0].name != dimension.name ||
      dimension.size < 1) {
    throw core::Error(where + ": " + dimension.name + " is no coordinate variable of its dimension");
  }
  grid::Axis axis{dimension.name, standard_name(variable), variable.text("units").value_or(""),
                  read_coordinate(file, variable)};
  const std::size_t turn = first_turn(axis.values);
  if (turn == axis.values.size()) return axis;
  if (is_x) {
    std::vector<double> longitudes = unwrapped(axis.values);
    if (first_turn(longitudes) == longitudes.size() &&
        std::abs(longitudes.back() - longitudes.front()) <= kWholeTurn) {
      axis.values = std::move(longitudes);
      return axis;
    }
  }
  throw core::Error(where + ": coordinate " + dimension.name + " must rise or fall strictly, but point " +
                    std::to_string(turn) + " is " + std::to_string(axis.values[turn]) +
                    (turn > 0 ? " after " + std::to_string(axis.values[turn - 1]) : ""));
}

/// The axes of a field's last two dimensions, without a pole.
grid::Grid read_axes(const NetcdfFile& file, const std::string& where, const NetcdfVariable& field) {
  return {read_axis(file, where, *(field.dimensions.end() - 2), false),
          read_axis(file, where, field.dimensions.back(), true), std::nullopt};
}

/// The variable that a `grid_mapping` attribute names, in its short form "crs" or its long one "crs: lat
/// lon".
std::string mapping_variable_name(const std::string& attribute) {
  const std::string first = attribute.substr(0, attribute.find(' '));
  return first.ends_with(':') ? first.substr(0, first.size() - 1) : first;
}

grid::RotatedPole read_rotated_pole(const std::string& where, const NetcdfVariable& mapping) {
  const auto angle = [&](const std::string& attribute) {
    const auto value = mapping.number(attribute);
    if (!value || !std::isfinite(*value)) {
      throw core::Error(where + ": grid mapping " + mapping.name + " has no number " + attribute);
    }
    return *value;
  };
  grid::RotatedPole pole{angle("grid_north_pole_latitude"), angle("grid_north_pole_longitude"), 0.0};
  if (mapping.attributes.contains("north_pole_grid_longitude")) {
    pole.north_pole_grid_longitude = angle("north_pole_grid_longitude");
  }
  return pole;
}

/// The mapping that a variable's attribute names; nothing if it names none, or one that is not in the file.
std::optional<NetcdfVariable> find_mapping(const NetcdfFile& file, const NetcdfVariable& variable) {
  const auto attribute = variable.text("grid_mapping");
  if (!attribute) return std::nullopt;
  const std::string name = mapping_variable_name(*attribute);
  return file.has_variable(name) ? std::optional(file.variable(name)) : std::nullopt;
}

bool is_rotated_axis(const NetcdfVariable& variable) {
  return is_plain_degrees(variable.text("units").value_or(""));
}

/// What the coordinate variables of the last two dimensions are.
enum class AxesKind { latitude_longitude, plain_degrees, other };

AxesKind axes_kind(const NetcdfFile& file, const NetcdfVariable& field) {
  if (field.dimensions.size() < 2) return AxesKind::other;
  const std::string& y_name = (field.dimensions.end() - 2)->name;
  const std::string& x_name = field.dimensions.back().name;
  if (!file.has_variable(y_name) || !file.has_variable(x_name)) return AxesKind::other;
  const NetcdfVariable y = file.variable(y_name), x = file.variable(x_name);
  if (is_latitude(y) && is_longitude(x)) return AxesKind::latitude_longitude;
  return is_rotated_axis(y) && is_rotated_axis(x) ? AxesKind::plain_degrees : AxesKind::other;
}

void check_axis(const NetcdfFile& file, const std::string& where, const grid::Axis& axis,
                bool (*is_right)(const NetcdfVariable&), const std::string& expected) {
  const NetcdfVariable variable = file.variable(axis.name);
  if (is_right(variable)) return;
  const bool is_other_axis = is_latitude(variable) || is_longitude(variable);
  throw core::Error(where + ": coordinate " + axis.name + " has units '" + axis.units + "', expected " +
                    expected + (is_other_axis ? " (the dimensions must be in the order y, x)" : ""));
}

void name_axes(grid::Grid& grid) {
  const bool is_rotated = grid.rotated_pole.has_value();
  grid.y.standard_name = is_rotated ? "grid_latitude" : "latitude";
  grid.x.standard_name = is_rotated ? "grid_longitude" : "longitude";
  grid.y.units = is_rotated ? "degrees" : "degrees_north";
  grid.x.units = is_rotated ? "degrees" : "degrees_east";
}

/// A file may say twice where its cells lie: in its axes and their mapping, and cell by cell.
/// @param mapping  its variable; empty: the axes are latitude and longitude
void check_positions(const std::string& where, const grid::Grid& grid, const std::string& mapping,
                     const HorizontalPositions& positions) {
  const auto misplaced = find_misplaced(grid, positions.cells);
  if (!misplaced) return;
  throw core::Error(fmt::format(
      "{}: its axes and its 2-D coordinates disagree on where cells lie: by {} and {}{}, the cell in row {}, "
      "column {} is {:.3g} degrees from where {} and {} have it, more than {} of a grid step; correct one of "
      "them or remove it from the file",
      where, grid.y.name, grid.x.name, mapping.empty() ? "" : " with the grid mapping " + mapping,
      misplaced->y, misplaced->x, misplaced->distance, positions.latitude_name, positions.longitude_name,
      kMostOff));
}

/// The pole of axes in plain degrees whose mapping is not in the file, from the positions of the cells.
/// @throws Error if there are none, or they are not those of a rotated grid
grid::RotatedPole recover_pole(const std::string& where, const NetcdfVariable& field, const grid::Grid& grid,
                               const std::optional<HorizontalPositions>& positions) {
  const auto attribute = field.text("grid_mapping");
  const std::string lacking = attribute ? "no grid mapping variable " + mapping_variable_name(*attribute)
                                        : "coordinates " + grid.y.name + " and " + grid.x.name +
                                              " in plain degrees, without a grid mapping";
  if (!positions)
    throw core::Error(where + ": " + lacking +
                      ", and no latitudes and longitudes of its cells that would tell where they lie");
  const auto pole = find_rotated_pole(grid, positions->cells);
  if (!pole)
    throw core::Error(where + ": " + lacking + ", and the positions of its cells (" +
                      positions->latitude_name + ", " + positions->longitude_name +
                      ") are not those of a rotated pole: expected a regular or a rotated grid");
  return *pole;
}

}  // namespace

void define_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping) {
  file.define_dimension(grid.y.name, grid.ny());
  file.define_dimension(grid.x.name, grid.nx());
  const std::string suffix = grid.rotated_pole ? " in rotated pole grid" : "";
  file.define_variable(grid.y.name, NetcdfType::float64, {grid.y.name},
                       axis_attributes(grid.y, "Y", "latitude" + suffix, mapping));
  file.define_variable(grid.x.name, NetcdfType::float64, {grid.x.name},
                       axis_attributes(grid.x, "X", "longitude" + suffix, mapping));
  if (has_mapping(grid, mapping))
    file.define_variable(mapping.name, NetcdfType::int32, {}, mapping_attributes(grid, mapping));
  if (mapping.has_cell_bounds) define_cell_bounds(file, grid);
  if (!grid.rotated_pole) return;

  const std::vector<std::string> dimensions{grid.y.name, grid.x.name};
  file.define_variable("lat", NetcdfType::float64, dimensions,
                       position_attributes("latitude", "degrees_north", kLatitudeVertices, mapping));
  file.define_variable("lon", NetcdfType::float64, dimensions,
                       position_attributes("longitude", "degrees_east", kLongitudeVertices, mapping));
}

void write_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping) {
  file.write(grid.y.name, std::span<const double>(grid.y.values));
  file.write(grid.x.name, std::span<const double>(grid.x.values));
  // A grid mapping variable holds only attributes; its value is written so that it is not a fill value.
  constexpr std::array<double, 1> kNothing{0.0};
  if (has_mapping(grid, mapping)) file.write(mapping.name, std::span<const double>(kNothing));
  if (mapping.has_cell_bounds) write_cell_bounds(file, grid);
  if (!grid.rotated_pole) return;
  const grid::Geographic geographic = grid::geographic_coordinates(grid);
  file.write("lat", std::span<const double>(geographic.latitude));
  file.write("lon", std::span<const double>(geographic.longitude));
}

Attributes grid_attributes(const grid::Grid& grid, const GridMapping& mapping) {
  Attributes attributes;
  if (has_mapping(grid, mapping)) attributes["grid_mapping"] = mapping.name;
  if (grid.rotated_pole) attributes["coordinates"] = std::string("lat lon");
  return attributes;
}

bool is_rectilinear(const NetcdfFile& file, const NetcdfVariable& variable) {
  const AxesKind kind = axes_kind(file, variable);
  if (kind != AxesKind::plain_degrees) return kind == AxesKind::latitude_longitude;
  if (find_mapping(file, variable)) return true;
  const auto positions = read_positions(file, variable, 2);
  if (!positions) return true;
  const std::string where = file.path().string() + ": " + variable.name;
  const grid::Grid grid = read_axes(file, where, variable);
  return find_rotated_pole(grid, positions->cells).has_value();
}

grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable) {
  const std::string where = file.path().string() + ": " + variable.name;
  if (variable.dimensions.size() < 2)
    throw core::Error(where + ": it has no two horizontal dimensions (y, x)");
  const auto positions = core::with_context(where, [&] { return read_positions(file, variable, 2); });
  const bool has_axes = file.has_variable((variable.dimensions.end() - 2)->name) &&
                        file.has_variable(variable.dimensions.back().name);
  if (!has_axes && positions)
    throw core::Error(where + ": a curvilinear grid (" + positions->latitude_name + ", " +
                      positions->longitude_name +
                      "), expected a regular or a rotated one: its dimensions have no coordinate variables");
  grid::Grid grid = read_axes(file, where, variable);

  const auto mapping = find_mapping(file, variable);
  const std::string mapping_name =
      mapping ? mapping->text("grid_mapping_name").value_or("(no grid_mapping_name)") : kGeographicMapping;
  if (mapping_name == kRotatedMapping) {
    grid.rotated_pole = read_rotated_pole(where, *mapping);
    check_axis(file, where, grid.y, is_rotated_axis, "degrees");
    check_axis(file, where, grid.x, is_rotated_axis, "degrees");
  } else if (mapping_name != kGeographicMapping) {
    throw core::Error(where + ": grid mapping " + mapping_name + " is not supported, expected " +
                      kGeographicMapping + " or " + kRotatedMapping);
  } else if (!mapping && axes_kind(file, variable) == AxesKind::plain_degrees) {
    grid.rotated_pole = recover_pole(where, variable, grid, positions);
  } else {
    if (!mapping && !positions && variable.text("grid_mapping"))
      throw core::Error(where + ": no grid mapping variable " +
                        mapping_variable_name(*variable.text("grid_mapping")));
    check_axis(file, where, grid.y, is_latitude, "degrees_north");
    check_axis(file, where, grid.x, is_longitude, "degrees_east");
  }
  name_axes(grid);
  if (const auto beyond = grid::settle_latitudes(grid.y.values)) {
    throw core::Error(where + ": coordinate " + grid.y.name +
                      " leaves the range -90 to 90 degrees: " + std::to_string(*beyond));
  }
  if (positions) check_positions(where, grid, mapping ? mapping->name : "", *positions);
  return grid;
}

void read_cell_bounds(const NetcdfFile& file, grid::Grid& grid) {
  for (grid::Axis* axis : {&grid.y, &grid.x}) {
    const auto name = file.variable(axis->name).text("bounds");
    if (!name || !file.has_variable(*name)) continue;
    const NetcdfVariable variable = file.variable(*name);
    const bool is_of_axis = variable.is_numeric && variable.dimensions.size() == 2 &&
                            variable.dimensions[0].name == axis->name && variable.dimensions[1].size == 2;
    if (!is_of_axis) continue;
    axis->bounds = read_coordinate(file, variable);
    // CF 7.1 wants them in the axis's units, which are degrees; some files give them their own.
    if (is_radians(variable.text("units").value_or("")))
      for (double& bound : axis->bounds) bound /= grid::kRadians;
    // What lies further beyond a pole than rounding may is left to those who look at the cells.
    if (axis == &grid.y) grid::settle_latitudes(axis->bounds);
  }
}

}  // namespace foehn::io

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "cell_bounds.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/trajectory_writer.hpp"

namespace foehn::io {
namespace {

/// Degrees, with room for rounding in float32.
constexpr double kWholeTurn = 360.001;

constexpr const char* kRotatedMapping = "rotated_latitude_longitude";
constexpr const char* kGeographicMapping = "latitude_longitude";

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), text) != names.end();
}

// The spellings of CF 4.1 and 4.2.
bool is_degrees_north(std::string_view units) {
  return is_one_of(units, {"degrees_north", "degree_north", "degrees_N", "degree_N", "degreesN", "degreeN"});
}
bool is_degrees_east(std::string_view units) {
  return is_one_of(units, {"degrees_east", "degree_east", "degrees_E", "degree_E", "degreesE", "degreeE"});
}
bool is_degrees(std::string_view units) {
  return is_one_of(units, {"degrees", "degree"});
}
/// Degrees alone say no direction; CF wants one, but a standard name tells it as well.
bool is_latitude(const grid::Axis& axis) {
  return is_degrees_north(axis.units) || (axis.standard_name == "latitude" && is_degrees(axis.units));
}
bool is_longitude(const grid::Axis& axis) {
  return is_degrees_east(axis.units) || (axis.standard_name == "longitude" && is_degrees(axis.units));
}

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
  grid::Axis axis{dimension.name, variable.text("standard_name").value_or(""),
                  variable.text("units").value_or(""), read_coordinate(file, variable)};
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

void check_units(const std::string& where, const grid::Axis& axis, bool is_right,
                 const std::string& expected) {
  if (is_right) return;
  const bool is_other_axis = is_degrees_north(axis.units) || is_degrees_east(axis.units);
  throw core::Error(where + ": coordinate " + axis.name + " has units '" + axis.units + "', expected " +
                    expected + (is_other_axis ? " (the dimensions must be in the order y, x)" : ""));
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

grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable) {
  const std::string where = file.path().string() + ": " + variable.name;
  if (variable.dimensions.size() < 2)
    throw core::Error(where + ": it has no two horizontal dimensions (y, x)");
  grid::Grid grid{read_axis(file, where, *(variable.dimensions.end() - 2), false),
                  read_axis(file, where, *(variable.dimensions.end() - 1), true), std::nullopt};

  std::string mapping_name = kGeographicMapping;
  if (const auto attribute = variable.text("grid_mapping")) {
    const std::string name = mapping_variable_name(*attribute);
    if (!file.has_variable(name)) throw core::Error(where + ": no grid mapping variable " + name);
    const NetcdfVariable mapping = file.variable(name);
    mapping_name = mapping.text("grid_mapping_name").value_or("(no grid_mapping_name)");
    if (mapping_name == kRotatedMapping) grid.rotated_pole = read_rotated_pole(where, mapping);
  }
  if (grid.rotated_pole) {
    check_units(where, grid.y, is_degrees(grid.y.units), "degrees");
    check_units(where, grid.x, is_degrees(grid.x.units), "degrees");
    grid.y.standard_name = "grid_latitude";
    grid.x.standard_name = "grid_longitude";
    grid.y.units = grid.x.units = "degrees";
  } else if (mapping_name == kGeographicMapping) {
    check_units(where, grid.y, is_latitude(grid.y), "degrees_north");
    check_units(where, grid.x, is_longitude(grid.x), "degrees_east");
    grid.y.standard_name = "latitude";
    grid.x.standard_name = "longitude";
    grid.y.units = "degrees_north";
    grid.x.units = "degrees_east";
  } else {
    throw core::Error(where + ": grid mapping " + mapping_name + " is not supported, expected " +
                      kGeographicMapping + " or " + kRotatedMapping);
  }
  if (const auto beyond = grid::settle_latitudes(grid.y.values)) {
    throw core::Error(where + ": coordinate " + grid.y.name +
                      " leaves the range -90 to 90 degrees: " + std::to_string(*beyond));
  }
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
    // What lies further beyond a pole than rounding may is left to those who look at the cells.
    if (axis == &grid.y) grid::settle_latitudes(axis->bounds);
  }
}

}  // namespace foehn::io

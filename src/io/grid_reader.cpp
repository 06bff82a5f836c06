#include "foehn/io/grid_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"
#include "grid_mapping.hpp"
#include "unstructured_grid.hpp"

namespace foehn::io {
namespace {

/// Degrees, with room for rounding in float32.
constexpr double kWholeTurn = 360.001;

/// Longitudes that jump by a turn (340 to 359, then 0 to 19) without the jump.
std::vector<double> unwrapped(std::vector<double> longitudes) {
  for (std::size_t i = 1; i < longitudes.size(); ++i)
    longitudes[i] = longitudes[i - 1] + std::remainder(longitudes[i] - longitudes[i - 1], 360.0);
  return longitudes;
}

/// The first point at which an axis stops rising or falling, or is not finite; its size if none is.
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
    throw core::Error(where + ": " + dimension.name + " is not a coordinate variable of its dimension");
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

/// What a file lacks that gives axes in plain degrees, and no grid mapping.
std::string lacking_mapping(const NetcdfVariable& field) {
  const auto attribute = field.text("grid_mapping");
  return attribute ? "no grid mapping variable " + mapping_variable_name(*attribute)
                   : "coordinates " + (field.dimensions.end() - 2)->name + " and " +
                         field.dimensions.back().name + " in plain degrees, without a grid mapping";
}

/// Completes axes to a grid, by their mapping or by the positions of cells.
/// @return  nothing if the mapping is lost, and the positions are not those of a rotated grid
/// @throws Error as read_grid
std::optional<grid::Grid> complete_grid(const NetcdfFile& file, const std::string& where,
                                        const NetcdfVariable& variable,
                                        const std::optional<HorizontalPositions>& positions) {
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
    if (!positions)
      throw core::Error(where + ": " + lacking_mapping(variable) +
                        ", and no latitudes and longitudes of its cells that would tell where they lie");
    grid.rotated_pole = find_rotated_pole(grid, positions->cells);
    if (!grid.rotated_pole) return std::nullopt;
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

}  // namespace

grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable) {
  const std::string where = file.path().string() + ": " + variable.name;
  if (is_unstructured(file, variable))
    return core::with_context(where, [&] {
      return grid::Grid{{}, {}, std::nullopt, read_unstructured(file, variable)};
    });
  if (variable.dimensions.size() < 2)
    throw core::Error(where + ": it has no two horizontal dimensions (y, x)");
  const auto positions = core::with_context(where, [&] { return read_positions(file, variable, 2); });
  const bool has_axes = file.has_variable((variable.dimensions.end() - 2)->name) &&
                        file.has_variable(variable.dimensions.back().name);
  if (!has_axes && positions)
    throw core::Error(where + ": a curvilinear grid (" + positions->latitude_name + ", " +
                      positions->longitude_name +
                      "), expected a regular or a rotated one: its dimensions have no coordinate variables");
  const auto grid = complete_grid(file, where, variable, positions);
  if (!grid)
    throw core::Error(where + ": " + lacking_mapping(variable) + ", and the positions of its cells (" +
                      positions->latitude_name + ", " + positions->longitude_name +
                      ") are not those of a rotated pole: expected a regular or a rotated grid");
  return *grid;
}

std::optional<grid::Grid> find_rectilinear_grid(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (axes_kind(file, variable) == AxesKind::other) return std::nullopt;
  const std::string where = file.path().string() + ": " + variable.name;
  const auto positions = core::with_context(where, [&] { return read_positions(file, variable, 2); });
  return complete_grid(file, where, variable, positions);
}

grid::Grid read_any_grid(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (!is_unstructured(file, variable))
    if (auto grid = find_rectilinear_grid(file, variable)) return std::move(*grid);
  return core::with_context(file.path().string() + ": " + variable.name, [&] {
    return grid::Grid{{}, {}, std::nullopt, read_any_cells(file, variable)};
  });
}

void read_cell_bounds(const NetcdfFile& file, grid::Grid& grid) {
  if (grid.unstructured) return;  // whose corners were read with it
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

#include "foehn/io/field_layout.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/io/raw_wrf.hpp"

namespace foehn::io {
namespace {

std::string dimensions_text(const NetcdfVariable& variable) {
  std::string text;
  for (const auto& dimension : variable.dimensions) {
    text += (text.empty() ? "" : ", ") + dimension.name + " = " + std::to_string(dimension.size);
  }
  return "(" + text + ")";
}

bool is_time_coordinate(const NetcdfVariable& variable, const std::string& dimension) {
  std::string units = variable.text("units").value_or("");
  std::transform(units.begin(), units.end(), units.begin(), [](unsigned char c) { return std::tolower(c); });
  return variable.is_numeric && variable.dimensions.size() == 1 && variable.dimensions[0].name == dimension &&
         units.find(" since ") != std::string::npos;
}

/// The coordinate that gives the times of a dimension: the variable of its name, or else one with standard
/// name `time` (or called valid_time).
std::optional<NetcdfVariable> find_time_coordinate(const NetcdfFile& file, const std::string& dimension) {
  if (file.has_variable(dimension)) {
    NetcdfVariable variable = file.variable(dimension);
    if (is_time_coordinate(variable, dimension)) return variable;
  }
  for (const auto& name : file.variable_names()) {
    NetcdfVariable variable = file.variable(name);
    const bool is_named_time = variable.text("standard_name") == "time" || name == "valid_time";
    if (is_named_time && is_time_coordinate(variable, dimension)) return variable;
  }
  return std::nullopt;
}

/// The index of the time dimension; nothing unless the dimensions are time and the horizontal ones, besides
/// any of size 1.
std::optional<std::size_t> find_time_dimension(const NetcdfFile& file, const NetcdfVariable& variable,
                                               std::size_t horizontal) {
  if (variable.dimensions.size() < 1 + horizontal) return std::nullopt;
  const std::size_t leading = variable.dimensions.size() - horizontal;
  std::optional<std::size_t> time;
  for (std::size_t i = 0; i < leading; ++i) {
    const NetcdfDimension& dimension = variable.dimensions[i];
    if (!time && find_time_coordinate(file, dimension.name)) {
      time = i;
    } else if (dimension.size != 1) {
      return std::nullopt;
    }
  }
  return time;
}

struct Shape {
  std::size_t time_dimension = 0;
  std::size_t horizontal_dimensions = 2;
};

std::optional<Shape> find_shape(const NetcdfFile& file, const NetcdfVariable& variable,
                                Horizontal horizontal) {
  if (const auto time = find_time_dimension(file, variable, 2)) return Shape{*time, 2};
  if (horizontal == Horizontal::or_mesh)
    if (const auto time = find_time_dimension(file, variable, 1)) return Shape{*time, 1};
  return std::nullopt;
}

/// Fills in what the file knows, and the way to the unit that is wanted.
void settle_names(const std::string& where, FieldLayout& layout) {
  Variable& variable = layout.variable;
  if (variable.standard_name.empty())
    variable.standard_name = layout.header.text("standard_name").value_or("");
  const std::string found_units = layout.header.text("units").value_or("");
  if (found_units.empty() && variable.units.empty()) {
    throw core::Error(where + ": it has no units attribute, and no unit was asked for");
  }
  if (variable.units.empty()) variable.units = found_units;
  if (!found_units.empty() && found_units != variable.units) {
    layout.conversion =
        core::with_context(where, [&] { return core::unit_conversion(found_units, variable.units); });
  }
}

}  // namespace

std::int64_t FieldLayout::ny() const {
  return horizontal_dimensions == 2 ? (header.dimensions.end() - 2)->size : 1;
}

std::int64_t FieldLayout::nx() const {
  return header.dimensions.back().size;
}

bool is_field(const NetcdfFile& file, const NetcdfVariable& variable, Horizontal horizontal) {
  return variable.is_numeric && find_shape(file, variable, horizontal);
}

FieldLayout read_layout(const NetcdfFile& file, const Variable& wanted, Horizontal horizontal) {
  const std::string where = file.path().string() + ": " + wanted.name;
  refuse_raw_wrf(file);
  FieldLayout layout;
  layout.variable = wanted;
  layout.header = file.variable(wanted.name);
  if (!layout.header.is_numeric) throw core::Error(where + ": it holds no numbers");
  file.check_compression(layout.header);
  const auto shape = find_shape(file, layout.header, horizontal);
  if (!shape) {
    throw core::Error(
        where + ": dimensions " + dimensions_text(layout.header) +
        ", expected (time, y, x) with a time coordinate in 'units since date'; any other must have size 1");
  }
  layout.time_dimension = shape->time_dimension;
  layout.horizontal_dimensions = shape->horizontal_dimensions;
  settle_names(where, layout);
  layout.packing = read_packing(file, layout.header);
  return layout;
}

NetcdfVariable time_coordinate(const NetcdfFile& file, const FieldLayout& layout) {
  return *find_time_coordinate(file, layout.header.dimensions[layout.time_dimension].name);
}

calendar::TimeAxis read_times(const NetcdfFile& file, const FieldLayout& layout) {
  const NetcdfVariable coordinate = time_coordinate(file, layout);
  return core::with_context(file.path().string() + ": " + coordinate.name, [&] {
    const auto calendar = calendar::parse_calendar(coordinate.text("calendar").value_or("standard"));
    return calendar::decode_times(read_coordinate(file, coordinate), *coordinate.text("units"), calendar);
  });
}

std::int64_t read_values(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop,
                         std::int64_t first, std::int64_t count, float* values, std::int64_t stride) {
  const std::size_t rank = layout.header.dimensions.size();
  const std::int64_t cells = (crop.y1 - crop.y0) * (crop.x1 - crop.x0);
  std::vector<std::int64_t> start(rank, 0);
  std::vector<std::int64_t> size(rank, 1);
  start[layout.time_dimension] = first;
  size[layout.time_dimension] = count;
  if (layout.horizontal_dimensions == 2) {
    start[rank - 2] = crop.y0;
    size[rank - 2] = crop.y1 - crop.y0;
  }
  start[rank - 1] = crop.x0;
  size[rank - 1] = crop.x1 - crop.x0;
  const std::vector<double> stored = file.read_doubles(layout.header, start, size);

  std::int64_t unusable = 0;
  for (std::int64_t time = 0; time < count; ++time) {
    for (std::int64_t cell = 0; cell < cells; ++cell) {
      const double number = stored[static_cast<std::size_t>(time * cells + cell)];
      const bool is_missing = layout.packing.is_missing(number);
      double value = layout.packing.unpack(number);
      if (!layout.conversion.is_identity())
        value = value * layout.conversion.scale + layout.conversion.offset;
      const float result = is_missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value);
      unusable += std::isfinite(result) ? 0 : 1;
      values[time * stride + cell] = result;
    }
  }
  return unusable;
}

}  // namespace foehn::io

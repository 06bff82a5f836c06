#include "field_source.hpp"

#include <netcdf.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "foehn/core/error.hpp"
#include "foehn/io/trajectory_writer.hpp"

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
  return variable.is_numeric && variable.dimensions.size() == 1 && variable.dimensions[0].name == dimension &&
         variable.text("units").value_or("").find(" since ") != std::string::npos;
}

/// The index of the time dimension; nothing unless the dimensions are (time, y, x), besides any of size 1.
std::optional<std::size_t> find_time_dimension(const NetcdfFile& file, const NetcdfVariable& variable) {
  if (variable.dimensions.size() < 3) return std::nullopt;
  const std::size_t leading = variable.dimensions.size() - 2;
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

bool has_horizontal_coordinates(const NetcdfFile& file, const NetcdfVariable& variable) {
  return std::all_of(variable.dimensions.end() - 2, variable.dimensions.end(),
                     [&](const NetcdfDimension& dimension) { return file.has_variable(dimension.name); });
}

calendar::TimeAxis read_times(const NetcdfFile& file, const std::string& dimension) {
  const NetcdfVariable coordinate = *find_time_coordinate(file, dimension);
  return core::with_context(file.path().string() + ": " + coordinate.name, [&] {
    const auto calendar = calendar::parse_calendar(coordinate.text("calendar").value_or("standard"));
    return calendar::decode_times(file.read_doubles(coordinate), *coordinate.text("units"), calendar);
  });
}

/// Fills in what the file knows, and checks it against what is wanted.
void settle_names(const std::string& where, FieldLayout& layout) {
  const std::string found_name = layout.header.text("standard_name").value_or("");
  Variable& variable = layout.variable;
  if (variable.standard_name.empty()) variable.standard_name = found_name;
  if (!found_name.empty() && found_name != variable.standard_name) {
    throw core::Error(where + ": standard name " + found_name + ", expected " + variable.standard_name);
  }
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

/// What the library fills in where nothing was ever written; nothing for bytes, all of whose values count.
std::optional<double> default_fill(nc_type type) {
  switch (type) {
    case NC_SHORT:
      return NC_FILL_SHORT;
    case NC_USHORT:
      return NC_FILL_USHORT;
    case NC_INT:
      return NC_FILL_INT;
    case NC_UINT:
      return NC_FILL_UINT;
    case NC_INT64:
      return static_cast<double>(NC_FILL_INT64);
    case NC_UINT64:
      return static_cast<double>(NC_FILL_UINT64);
    case NC_FLOAT:
      return NC_FILL_FLOAT;
    case NC_DOUBLE:
      return NC_FILL_DOUBLE;
    default:
      return {};
  }
}

void settle_packing(const std::string& where, FieldLayout& layout) {
  const auto number = [&](const std::string& attribute, double otherwise) {
    if (!layout.header.attributes.contains(attribute)) return otherwise;
    const auto value = layout.header.number(attribute);
    if (!value || !std::isfinite(*value))
      throw core::Error(where + ": attribute " + attribute + " is no number");
    return *value;
  };
  layout.scale_factor = number("scale_factor", 1.0);
  layout.add_offset = number("add_offset", 0.0);
  layout.packed = layout.scale_factor != 1.0 || layout.add_offset != 0.0;
  if (layout.scale_factor == 0) throw core::Error(where + ": attribute scale_factor is 0");
  if (layout.header.text("_Unsigned") == "true")
    throw core::Error(where +
                      ": attribute _Unsigned is true; unsigned integers kept as signed are not supported");
  if (const auto fill = default_fill(layout.header.type)) layout.missing.push_back(*fill);
  for (const char* attribute : {"_FillValue", "missing_value"}) {
    for (const double value : layout.header.numbers(attribute)) {
      layout.missing.push_back(value);
      // A float64 attribute on float32 data.
      layout.missing.push_back(static_cast<double>(static_cast<float>(value)));
    }
  }
  // Of packed values, as the NetCDF User's Guide has it.
  layout.valid_minimum = layout.header.number("valid_min").value_or(layout.valid_minimum);
  layout.valid_maximum = layout.header.number("valid_max").value_or(layout.valid_maximum);
  if (const auto range = layout.header.numbers("valid_range"); range.size() == 2) {
    layout.valid_minimum = range[0];
    layout.valid_maximum = range[1];
  }
}

FieldLayout read_layout(const NetcdfFile& file, const Variable& wanted) {
  const std::string where = file.path().string() + ": " + wanted.name;
  FieldLayout layout;
  layout.variable = wanted;
  layout.header = file.variable(wanted.name);
  if (!layout.header.is_numeric) throw core::Error(where + ": it holds no numbers");
  const auto time = find_time_dimension(file, layout.header);
  if (!time) {
    throw core::Error(
        where + ": dimensions " + dimensions_text(layout.header) +
        ", expected (time, y, x) with a time coordinate in 'units since date'; any other must have size 1");
  }
  layout.time_dimension = *time;
  settle_names(where, layout);
  settle_packing(where, layout);
  return layout;
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

}  // namespace

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

std::vector<Variable> field_variables(const NetcdfFile& file) {
  std::vector<Variable> variables;
  for (const auto& name : file.variable_names()) {
    const NetcdfVariable variable = file.variable(name);
    if (variable.is_numeric && find_time_dimension(file, variable) &&
        has_horizontal_coordinates(file, variable)) {
      variables.push_back({name, "", ""});
    }
  }
  if (variables.empty())
    throw core::Error(file.path().string() + ": no variable has dimensions (time, y, x)");
  return variables;
}

FieldSource read_field_source(const NetcdfFile& file, const std::vector<Variable>& wanted) {
  FieldSource source;
  source.path = file.path();
  for (const auto& variable : wanted) source.layouts.push_back(read_layout(file, variable));

  const FieldLayout& first = source.layouts.front();
  const std::string time_name = first.header.dimensions[first.time_dimension].name;
  source.grid = read_grid(file, first.header);
  for (const auto& layout : source.layouts) {
    const std::string where = file.path().string() + ": " + layout.variable.name;
    const auto difference = grid::difference(source.grid, read_grid(file, layout.header));
    if (difference)
      throw core::Error(where + ": not on the grid of " + first.variable.name + ": " + *difference);
    if (layout.header.dimensions[layout.time_dimension].name != time_name) {
      throw core::Error(where + ": time dimension " + layout.header.dimensions[layout.time_dimension].name +
                        ", but that of " + first.variable.name + " is " + time_name);
    }
  }
  source.times = read_times(file, time_name);
  if (source.times.size() == 0) throw core::Error(file.path().string() + ": it holds no instant");
  source.step_seconds =
      core::with_context(file.path().string(), [&] { return calendar::regular_step_seconds(source.times); });
  return source;
}

std::string describe_cell(const FieldSource& source, const FieldLayout& layout, const std::string& problem,
                          std::int64_t time, std::int64_t y, std::int64_t x) {
  const grid::Grid& grid = source.grid;
  return source.path.string() + ": " + layout.variable.name + ": " + problem + " at " +
         source.times.format(time) + ", y " + std::to_string(y) + ", x " + std::to_string(x) + " (" +
         grid.y.name + " " + number_text(grid.y.values[static_cast<std::size_t>(y)]) + ", " + grid.x.name +
         " " + number_text(grid.x.values[static_cast<std::size_t>(x)]) + ")";
}

std::int64_t read_fields(const NetcdfFile& file, const FieldSource& source, const FieldLayout& layout,
                         const grid::Crop& crop, std::int64_t first, std::int64_t count, float* values,
                         std::int64_t stride) {
  const std::size_t rank = layout.header.dimensions.size();
  const std::int64_t ny = crop.y1 - crop.y0;
  const std::int64_t nx = crop.x1 - crop.x0;
  std::vector<std::int64_t> start(rank, 0);
  std::vector<std::int64_t> size(rank, 1);
  start[layout.time_dimension] = first;
  size[layout.time_dimension] = count;
  start[rank - 2] = crop.y0;
  size[rank - 2] = ny;
  start[rank - 1] = crop.x0;
  size[rank - 1] = nx;
  const std::vector<double> stored = file.read_doubles(layout.header, start, size);

  std::int64_t missing = 0;
  for (std::int64_t time = 0; time < count; ++time) {
    for (std::int64_t cell = 0; cell < ny * nx; ++cell) {
      double value = stored[static_cast<std::size_t>(time * ny * nx + cell)];
      const bool is_missing =
          std::isnan(value) || value < layout.valid_minimum || value > layout.valid_maximum ||
          std::find(layout.missing.begin(), layout.missing.end(), value) != layout.missing.end();
      // Only where there is something to undo, so that other values keep all their bits (a negative zero
      // too).
      if (layout.packed) value = value * layout.scale_factor + layout.add_offset;
      if (!layout.conversion.is_identity())
        value = value * layout.conversion.scale + layout.conversion.offset;
      const float result = is_missing ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(value);
      missing += is_missing ? 1 : 0;
      if (std::isinf(result))
        throw core::Error(describe_cell(source, layout, "value that is not finite", first + time,
                                        crop.y0 + cell / nx, crop.x0 + cell % nx));
      values[time * stride + cell] = result;
    }
  }
  return missing;
}

}  // namespace foehn::io

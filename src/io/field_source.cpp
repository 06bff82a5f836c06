#include "field_source.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "foehn/core/error.hpp"
#include "foehn/io/raw_wrf.hpp"
#include "foehn/io/trajectory_writer.hpp"

namespace foehn::io {
namespace {

bool has_horizontal_coordinates(const NetcdfFile& file, const NetcdfVariable& variable) {
  return std::all_of(variable.dimensions.end() - 2, variable.dimensions.end(),
                     [&](const NetcdfDimension& dimension) { return file.has_variable(dimension.name); });
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

}  // namespace

std::vector<Variable> field_variables(const NetcdfFile& file) {
  refuse_raw_wrf(file);
  std::vector<Variable> variables;
  for (const auto& name : file.variable_names()) {
    const NetcdfVariable variable = file.variable(name);
    if (is_field(file, variable, Horizontal::rows_and_columns) &&
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
  for (const auto& variable : wanted)
    source.layouts.push_back(read_layout(file, variable, Horizontal::rows_and_columns));

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
  source.times = read_times(file, first);
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
  const std::int64_t unusable = read_values(file, layout, crop, first, count, values, stride);
  if (unusable == 0) return 0;
  const std::int64_t nx = crop.x1 - crop.x0;
  for (std::int64_t time = 0; time < count; ++time)
    for (std::int64_t cell = 0; cell < (crop.y1 - crop.y0) * nx; ++cell)
      if (std::isinf(values[time * stride + cell]))
        throw core::Error(describe_cell(source, layout, "value that is not finite", first + time,
                                        crop.y0 + cell / nx, crop.x0 + cell % nx));
  return unusable;
}

}  // namespace foehn::io

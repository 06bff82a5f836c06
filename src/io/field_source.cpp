#include "field_source.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/field_values.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/raw_wrf.hpp"
#include "unstructured_grid.hpp"

namespace foehn::io {
namespace {

bool has_horizontal_coordinates(const NetcdfFile& file, const NetcdfVariable& variable) {
  return std::all_of(variable.dimensions.end() - 2, variable.dimensions.end(),
                     [&](const NetcdfDimension& dimension) { return file.has_variable(dimension.name); });
}

/// A grid without rows will do where it says where its cells lie.
Horizontal horizontal_of(const NetcdfFile& file, const NetcdfVariable& variable) {
  return is_unstructured(file, variable) ? Horizontal::or_mesh : Horizontal::rows_and_columns;
}

}  // namespace

std::vector<Variable> field_variables(const NetcdfFile& file, Grids grids) {
  refuse_raw_wrf(file);
  std::vector<Variable> variables, lists;
  std::optional<NetcdfVariable> without_coordinates;
  for (const auto& name : file.variable_names()) {
    NetcdfVariable variable = file.variable(name);
    const Horizontal horizontal = horizontal_of(file, variable);
    if (!is_field(file, variable, horizontal)) continue;
    if (horizontal == Horizontal::or_mesh)
      lists.push_back({name, "", ""});
    else if (has_horizontal_coordinates(file, variable))
      variables.push_back({name, "", ""});
    else if (!has_positions(file, variable, 2))
      continue;
    else if (grids == Grids::any)
      variables.push_back({name, "", ""});
    else if (!without_coordinates)
      without_coordinates = std::move(variable);
  }
  if (variables.empty()) variables = std::move(lists);
  if (variables.empty() && without_coordinates) read_grid(file, *without_coordinates);  // says why not
  if (variables.empty())
    throw core::Error(file.path().string() +
                      ": no variable has dimensions (time, y, x), or (time, cell) with a latitude and a "
                      "longitude of each cell");
  return variables;
}

FieldSource read_field_source(const NetcdfFile& file, const std::vector<Variable>& wanted, Grids grids) {
  const auto grid_of = [&](const NetcdfVariable& variable) {
    return grids == Grids::any ? read_any_grid(file, variable) : read_grid(file, variable);
  };
  FieldSource source;
  source.path = file.path();
  for (const auto& variable : wanted)
    source.layouts.push_back(read_layout(file, variable, horizontal_of(file, file.variable(variable.name))));

  const FieldLayout& first = source.layouts.front();
  const std::string time_name = first.header.dimensions[first.time_dimension].name;
  source.grid = grid_of(first.header);
  for (std::size_t i = 1; i < source.layouts.size(); ++i) {
    const FieldLayout& layout = source.layouts[i];
    const std::string where = file.path().string() + ": " + layout.variable.name;
    const auto difference = grid::difference(source.grid, grid_of(layout.header));
    if (difference)
      throw core::Error(where + ": not on the grid of " + first.variable.name + ": " + *difference);
    if (layout.header.dimensions[layout.time_dimension].name != time_name) {
      throw core::Error(where + ": time dimension " + layout.header.dimensions[layout.time_dimension].name +
                        ", but that of " + first.variable.name + " is " + time_name);
    }
  }
  source.times = read_times(file, first);
  if (source.times.size() == 0) throw core::Error(file.path().string() + ": it holds no instant");
  for (const FieldLayout& layout : source.layouts)
    source.time_evidence.push_back(read_time_evidence(file, layout, source.times));
  source.step_seconds =
      core::with_context(file.path().string(), [&] { return calendar::regular_step_seconds(source.times); });
  return source;
}

std::string name_of(const FieldSource& source, const FieldLayout& layout) {
  return source.path.string() + ": " + layout.variable.name + ": ";
}

std::string place_of(const FieldSource& source, std::int64_t time, std::int64_t y, std::int64_t x) {
  const grid::Grid& grid = source.grid;
  const std::string cell = grid::cell_text(grid, y * source.layouts.front().nx() + x);
  if (grid.unstructured) return "at " + source.times.format(time) + ", " + cell;
  return "at " + source.times.format(time) + ", y " + std::to_string(y) + ", x " + std::to_string(x) + " (" +
         cell + ")";
}

namespace {

/// Calls `use` with each of some cropped fields, and with what says where a cell of it lies.
template <class Use>
void for_each_field(const FieldSource& source, const grid::Crop& crop, std::int64_t first, std::int64_t count,
                    const float* values, std::int64_t stride, Use&& use) {
  const std::int64_t nx = crop.x1 - crop.x0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto place = [&](std::int64_t cell) {
      return place_of(source, first + i, crop.y0 + cell / nx, crop.x0 + cell % nx);
    };
    use(std::span(values + i * stride, static_cast<std::size_t>(crop.cells())), place);
  }
}

}  // namespace

std::int64_t count_missing(const FieldSource& source, const FieldLayout& layout, const grid::Crop& crop,
                           std::int64_t first, std::int64_t count, const float* values, std::int64_t stride) {
  std::int64_t missing = 0;
  for_each_field(source, crop, first, count, values, stride,
                 [&](std::span<const float> field, const auto& place) {
                   for (std::size_t cell = 0; cell < field.size(); ++cell) {
                     if (std::isinf(field[cell]))
                       throw core::Error(name_of(source, layout) + "value that is not finite " +
                                         place(static_cast<std::int64_t>(cell)));
                     missing += std::isnan(field[cell]) ? 1 : 0;
                   }
                 });
  return missing;
}

void check_plausible(const FieldSource& source, const FieldLayout& layout, const grid::Crop& crop,
                     std::int64_t first, std::int64_t count, const float* values, std::int64_t stride) {
  for_each_field(source, crop, first, count, values, stride,
                 [&](std::span<const float> field, const auto& place) {
                   if (const auto cell = find_implausible(layout, field))
                     throw core::Error(
                         name_of(source, layout) +
                         describe_implausible(layout, field[static_cast<std::size_t>(*cell)], place(*cell)));
                 });
}

}  // namespace foehn::io

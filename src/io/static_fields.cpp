#include "foehn/io/static_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {

namespace {

constexpr double kMostOffOfCell = 1e-3;  // of a grid step

/// The variable of a name or, if there is none, of a standard name.
std::optional<NetcdfVariable> find_field(const NetcdfFile& file, const std::string& name) {
  if (file.has_variable(name)) return file.variable(name);
  for (const std::string& other : file.variable_names())
    if (const NetcdfVariable variable = file.variable(other);
        variable.is_numeric && standard_name(variable) == name)
      return variable;
  return {};
}

/// Where the values of one axis are on another that may reach further.
/// @param turns  for longitudes
std::vector<std::int64_t> places_on(const grid::Axis& found, const grid::Axis& wanted, bool turns) {
  const double step = wanted.size() > 1 ? std::abs(wanted.values[1] - wanted.values[0]) : 1;
  std::vector<std::int64_t> places;
  for (const double value : wanted.values) {
    const auto is_here = [&](double other) {
      const double distance = turns ? std::remainder(other - value, 360.0) : other - value;
      return std::abs(distance) <= kMostOffOfCell * step;
    };
    const auto place = std::find_if(found.values.begin(), found.values.end(), is_here);
    if (place == found.values.end())
      throw core::Error(fmt::format(
          "another grid: {} {:g} is not on it, expected a cell at each of the fields' own (its {} goes from "
          "{:g} to {:g} in {} steps)",
          wanted.name, value, found.name, found.values.front(), found.values.back(), found.size() - 1));
    places.push_back(place - found.values.begin());
  }
  return places;
}

/// Values of a row of cells.
/// @param where  the place of a value, for messages
std::vector<double> complete_values(const std::vector<double>& stored, const Packing& packing,
                                    const std::function<std::string(std::size_t)>& where) {
  std::vector<double> values;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    values.push_back(packing.unpack(stored[i]));
    if (packing.is_missing(stored[i]) || packing.looks_missing(stored[i]) || !std::isfinite(values.back()))
      throw core::Error(fmt::format("no value at {}: expected one in every cell", where(i)));
  }
  return values;
}

/// Of a grid without rows.
/// @param variable  [..., cell]
std::vector<double> read_list(const NetcdfFile& file, const NetcdfVariable& variable,
                              const grid::Grid& grid) {
  NetcdfVariable at_a_time = variable;  // [time, cell]: a list of cells is told by what is behind the times
  at_a_time.dimensions.insert(at_a_time.dimensions.begin(), {"", 1});
  if (const auto difference = grid::difference(grid, read_grid(file, at_a_time)))
    throw core::Error("another grid: " + *difference);
  std::vector<std::int64_t> start(variable.dimensions.size(), 0), count(variable.dimensions.size(), 1);
  count.back() = grid.cells();
  return complete_values(file.read_doubles(variable, start, count), read_packing(file, variable),
                         [&](std::size_t i) { return grid::cell_text(grid, static_cast<std::int64_t>(i)); });
}

/// @param variable  [..., y, x], all but the last two dimensions of size 1
std::vector<double> read_at_cells(const NetcdfFile& file, const NetcdfVariable& variable,
                                  const grid::Grid& grid) {
  const grid::Grid found = read_grid(file, variable);
  grid::require_rows(found, "another grid: the fields have them");
  if (!grid::is_same_pole(found.rotated_pole, grid.rotated_pole))
    throw core::Error(found.rotated_pole
                          ? "another grid: it has a rotated pole, the fields have none or another"
                          : "another grid: expected the fields' rotated pole, found none");
  const std::vector<std::int64_t> rows = places_on(found.y, grid.y, false),
                                  columns = places_on(found.x, grid.x, !grid.rotated_pole);
  const Packing packing = read_packing(file, variable);
  std::vector<std::int64_t> start(variable.dimensions.size(), 0), count(variable.dimensions.size(), 1);
  count.back() = found.nx();
  std::vector<double> values;
  for (std::size_t y = 0; y < rows.size(); ++y) {
    start[start.size() - 2] = rows[y];
    const std::vector<double> row = file.read_doubles(variable, start, count);
    std::vector<double> chosen;
    for (const std::int64_t column : columns) chosen.push_back(row[static_cast<std::size_t>(column)]);
    const std::vector<double> of_row = complete_values(chosen, packing, [&](std::size_t x) {
      return fmt::format("{} {:g}, {} {:g}", grid.y.name, grid.y.values[y], grid.x.name, grid.x.values[x]);
    });
    values.insert(values.end(), of_row.begin(), of_row.end());
  }
  return values;
}

/// @param sides  dimensions of a field
void check_no_times(const NetcdfVariable& variable, std::size_t sides) {
  for (std::size_t i = 0; i + sides < variable.dimensions.size(); ++i)
    if (variable.dimensions[i].size != 1)
      throw core::Error(fmt::format("expected one field, found {} along {}", variable.dimensions[i].size,
                                    variable.dimensions[i].name));
}

}  // namespace

std::vector<std::vector<double>> read_static_fields(const std::vector<std::filesystem::path>& files,
                                                    const std::vector<std::string>& names,
                                                    const grid::Grid& grid) {
  std::vector<std::vector<double>> fields(names.size());
  std::vector<bool> is_read(names.size(), false);
  std::vector<std::string> known;
  for (const std::filesystem::path& path : files) {
    const NetcdfFile file = NetcdfFile::open(path);
    for (const std::string& name : file.variable_names()) known.push_back(name);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (is_read[i]) continue;
      const std::optional<NetcdfVariable> variable = find_field(file, names[i]);
      if (!variable) continue;
      core::with_context(fmt::format("{}: static field {}", path.string(), names[i]), [&] {
        check_no_times(*variable, grid.unstructured ? 1 : 2);
        fields[i] =
            grid.unstructured ? read_list(file, *variable, grid) : read_at_cells(file, *variable, grid);
      });
      is_read[i] = true;
    }
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!is_read[i])
      throw core::Error(
          fmt::format("static field {}: no variable has this name or standard name; there are {}", names[i],
                      fmt::join(known, ", ")));
  return fields;
}

}  // namespace foehn::io

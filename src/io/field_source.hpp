#pragma once

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// How one variable lies in one file and how its stored numbers become values in the wanted unit:
/// (stored * scale + offset), then the unit conversion.
struct FieldLayout {
  Variable variable;  ///< as wanted: with the unit after conversion
  NetcdfVariable header;
  std::size_t time_dimension =
      0;  ///< index of the time dimension; the last two are y and x, any other has size 1
  double scale_factor = 1;
  double add_offset = 0;
  bool packed = false;
  std::vector<double> missing;  ///< stored numbers that stand for "no value"
  double valid_minimum = -std::numeric_limits<double>::infinity();  ///< stored numbers below stand for it too
  double valid_maximum = std::numeric_limits<double>::infinity();   ///< and those above
  core::UnitConversion conversion;
};

/// The checked header of one file.
struct FieldSource {
  std::filesystem::path path;
  std::vector<FieldLayout> layouts;  ///< one a wanted variable, in the order wanted
  grid::Grid grid;                   ///< the whole grid, before any crop
  calendar::TimeAxis times;
  std::int64_t step_seconds = 0;  ///< 0: one instant only
};

/// The coordinate that gives the times of a dimension: the variable of its name, or else one with standard
/// name `time` (or called valid_time).
std::optional<NetcdfVariable> find_time_coordinate(const NetcdfFile& file, const std::string& dimension);

/// The variables of a file that have dimensions (time, y, x).
std::vector<Variable> field_variables(const NetcdfFile& file);

/// Reads and checks the header of a file: variables, units, grid and time axis.
/// @throws Error naming the file and what is wrong
FieldSource read_field_source(const NetcdfFile& file, const std::vector<Variable>& wanted);

/// "file: variable: missing value at time, y, x" and the like, for messages.
/// @param time, y, x  indices in the file
std::string describe_cell(const FieldSource& source, const FieldLayout& layout, const std::string& problem,
                          std::int64_t time, std::int64_t y, std::int64_t x);

/// Reads instants [first, first + count) of the cropped fields of one variable; missing values become NaN.
/// @param values  room for count fields, `stride` numbers apart
/// @return        how many are missing
/// @throws Error naming file, variable, time and cell of the first number that is infinite
std::int64_t read_fields(const NetcdfFile& file, const FieldSource& source, const FieldLayout& layout,
                         const grid::Crop& crop, std::int64_t first, std::int64_t count, float* values,
                         std::int64_t stride);

}  // namespace foehn::io

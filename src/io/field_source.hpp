#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_layout.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::io {

/// The checked header of one file.
struct FieldSource {
  std::filesystem::path path;
  std::vector<FieldLayout> layouts;  ///< one a wanted variable, in the order wanted
  grid::Grid grid;                   ///< the whole grid, before any crop
  calendar::TimeAxis times;
  std::int64_t step_seconds = 0;                 ///< 0: one instant only
  std::vector<TimeCellsEvidence> time_evidence;  ///< as layouts
};

/// The variables of a file that have dimensions (time, y, x); where there are none, those of (time, cell)
/// with positions of cells, which beside fields are stations.
std::vector<Variable> field_variables(const NetcdfFile& file, Grids grids);

/// Reads and checks the header of a file: variables, units, grid and time axis.
/// @throws Error naming the file and what is wrong
FieldSource read_field_source(const NetcdfFile& file, const std::vector<Variable>& wanted, Grids grids);

/// "file: variable: ", for messages.
std::string name_of(const FieldSource& source, const FieldLayout& layout);
/// "at time, y, x (lat ..., lon ...)", or "at time, cell ...", for messages.
/// @param time, y, x  indices in the file
std::string place_of(const FieldSource& source, std::int64_t time, std::int64_t y, std::int64_t x);

/// Counts the missing values, which are NaN, among instants [first, first + count) of the cropped fields.
/// @param values  count fields, `stride` numbers apart
/// @throws Error naming file, variable, time and cell of the first value that is infinite
std::int64_t count_missing(const FieldSource& source, const FieldLayout& layout, const grid::Crop& crop,
                           std::int64_t first, std::int64_t count, const float* values, std::int64_t stride);
/// @throws Error naming file, variable, time and cell of the first value that is not plausible
void check_plausible(const FieldSource& source, const FieldLayout& layout, const grid::Crop& crop,
                     std::int64_t first, std::int64_t count, const float* values, std::int64_t stride);

}  // namespace foehn::io

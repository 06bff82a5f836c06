#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/packing.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::io {

/// How one variable lies in one file and how its stored numbers become values in the wanted unit: unpacked,
/// then converted.
struct FieldLayout {
  Variable variable;  ///< as wanted: with the unit after conversion
  NetcdfVariable header;
  std::size_t time_dimension = 0;         ///< index of the time dimension
  std::size_t horizontal_dimensions = 2;  ///< the last: y and x, or the cells of a mesh; any other has size 1
  Packing packing;
  core::UnitConversion conversion;
  /// What is plausible for the standard name, in the variable's unit: see plausible_values.
  double least_plausible = 0, most_plausible = 0;

  std::int64_t ny() const;  ///< 1 for a mesh
  std::int64_t nx() const;
};

/// Which horizontal dimensions will do.
enum class Horizontal { rows_and_columns, or_mesh };

/// Whether a variable has dimensions (time, y, x), or (time, cell) where a mesh will do, apart from any of
/// size 1.
bool is_field(const NetcdfFile& file, const NetcdfVariable& variable, Horizontal horizontal);

/// Reads and checks what the header says of a variable.
/// @param wanted  its name in the file; what it leaves empty is taken from there, and a standard name that it
///                has holds whatever the file says
/// @throws Error naming file and variable: it is missing, its dimensions, unit or packing
FieldLayout read_layout(const NetcdfFile& file, const Variable& wanted, Horizontal horizontal);

/// The coordinate variable that gives the times of a field: of its time dimension, the one whose standard
/// name is `time`; where none has a name, the one called like the dimension, or valid_time.
NetcdfVariable time_coordinate(const NetcdfFile& file, const FieldLayout& layout);
/// The times of a field, in the order of the file.
/// @throws Error naming two variables that may both be its times, and differ
calendar::TimeAxis read_times(const NetcdfFile& file, const FieldLayout& layout);

}  // namespace foehn::io

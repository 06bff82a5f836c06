#pragma once

#include <limits>
#include <vector>

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// How the stored numbers of a variable become values: stored * scale_factor + add_offset, unless they stand
/// for "no value". Source: NetCDF User's Guide, attribute conventions; CF 2.5.1 and 8.1.
struct Packing {
  double scale_factor = 1;
  double add_offset = 0;
  bool is_packed = false;
  bool is_declared = false;          ///< whether any number but NaN is said to stand for "no value"
  bool is_floating = false;          ///< stored as
  std::vector<double> missing;       ///< stored numbers that stand for "no value"
  std::vector<float> missing_float;  ///< the same, known in float32 only
  double valid_minimum = -std::numeric_limits<double>::infinity();  ///< stored numbers below stand for it too
  double valid_maximum = std::numeric_limits<double>::infinity();   ///< and those above

  bool is_missing(double stored) const;
  /// Whether a stored number is one that programs write where there is no value (-999, -9999, -32768), in a
  /// variable that is not packed and declares none: no measurement is just that.
  bool looks_missing(double stored) const;
  /// Only where there is something to undo, so that other values keep all their bits (a negative zero too).
  double unpack(double stored) const { return is_packed ? stored * scale_factor + add_offset : stored; }
};

/// Reads the attributes that say so: scale_factor, add_offset, _FillValue, missing_value (any number of
/// values), valid_min, valid_max and valid_range.
///
/// Missing numbers are compared in the narrower of their own type and the data's: 1e20 in float32 and in
/// float64 are one. Valid limits of packed integers are packed themselves if they are integers, else values.
/// @throws Error naming file, variable and attribute: a non-numeric one, a scale of 0, a valid_range of
///         other than two numbers, or integers that are _Unsigned
Packing read_packing(const NetcdfFile& file, const NetcdfVariable& variable);

/// All values of a coordinate variable or of its bounds, unpacked; NaN for missing ones; valid limits do not
/// count. Bounds are unpacked by their own attributes.
/// @throws Error as read_packing
std::vector<double> read_coordinate(const NetcdfFile& file, const NetcdfVariable& variable);

}  // namespace foehn::io

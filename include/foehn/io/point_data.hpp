#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::io {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

/// What a value at a point has to do with time.
enum class PointSampling { snapshot, mean, sum };

/// Where values were measured: a station, or one place of a track.
struct Place {
  std::string name;  ///< of the station or track; empty: none is given
  double latitude = 0, longitude = 0;
  double height = kNotKnown;  ///< above sea level, m
  bool operator==(const Place& other) const {
    return name == other.name && latitude == other.latitude && longitude == other.longitude;
  }
};

/// "station Kew (lat 51.48, lon -0.29)", or "lat 51.48, lon -0.29", for messages.
std::string describe(const Place& place);

struct PointValue {
  std::size_t place = 0;  ///< of PointData::places
  TimeSpan span;          ///< an instant, or what a mean or sum is over
  double value = 0;
  double std = kNotKnown;  ///< of its error
};

/// Values of one variable at points, in that variable's unit.
struct PointData {
  std::string file;
  std::size_t variable = 0;  ///< of those wanted
  PointSampling sampling = PointSampling::snapshot;
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::vector<Place> places;
  std::vector<PointValue> values;  ///< those that are not missing
  std::int64_t missing = 0;        ///< fill values, empty fields and NaN
  std::int64_t flagged = 0;        ///< values that the file's flags call wrong
};

/// Reads observations at points: a table (CSV), or NetCDF in one of CF's discrete sampling geometries.
///
/// A table has a header. Columns `time` (an instant in UTC, or with a time zone), `lat` and `lon` are needed;
/// `station`, `height` (m) and, for means and sums, `begin` and `method` (point, mean or sum) may be there:
/// such values are over `begin` to `time`. Values are either one column per variable, named `tas[K]`, with
/// its errors' standard deviation in `tas_std[K]`; or one per row, in columns `variable`, `value`, `unit`
/// and, for errors, `std`. Empty fields, "NA" and "NaN" are missing. Lines that begin with # are comments.
///
/// NetCDF has featureType point, timeSeries or trajectory, in any of CF's layouts: dimensions per instance,
/// or ragged arrays, contiguous or indexed. Means and sums have bounds of time. Values whose flags (an
/// ancillary variable with flag_meanings) say that they are bad, suspect, wrong or missing are left out; an
/// ancillary variable whose standard name ends in standard_error gives the errors' standard deviations.
/// Sources: CF conventions 1.11, chapter 9, appendix H, and section 3.5.
///
/// @param wanted  variables, found by standard name or by name
/// @return        one for each of them that the file has, and each kind of sampling
/// @throws core::Error naming the file and the line or variable: what is not of these forms, a missing unit
/// or
///         one that cannot be converted, a position or time that is none, or a file with none of the
///         variables
std::vector<PointData> read_points(const std::filesystem::path& path, const std::vector<Variable>& wanted);

}  // namespace foehn::io

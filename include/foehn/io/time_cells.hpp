#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/io/field_layout.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// What a value has to do with the instant that it is stamped with.
enum class TimeSampling {
  snapshot,  ///< the weather of that instant
  mean,      ///< the mean over an interval, which the time bounds tell
};

/// What a value stands for in time, seconds since 1970-01-01 of its calendar: the mean over [begin, end), or
/// an instant, where both are the same.
struct TimeSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  std::int64_t seconds() const { return end - begin; }
  bool operator==(const TimeSpan&) const = default;
};

/// What a time mean is the mean of, seconds from its time stamp; begin <= 0 <= end.
struct MeanInterval {
  std::int64_t begin_seconds = 0;
  std::int64_t end_seconds = 0;

  std::int64_t seconds() const { return end_seconds - begin_seconds; }
  bool operator==(const MeanInterval&) const = default;
};

/// The bounds of a time coordinate.
struct TimeCellBounds {
  std::string name;             ///< of their variable
  std::vector<TimeSpan> spans;  ///< one per instant
};

/// What a file says of its time cells, beside cell_methods, which are in the header of a field.
struct TimeCellsEvidence {
  bool is_climatology = false;
  std::optional<TimeCellBounds> bounds;
  std::exception_ptr bounds_failure;  ///< why the bounds that it names cannot be read: snapshots need none
};

/// Reads what find_time_cells needs of a file, which can be closed then; what is wrong with it is said later.
TimeCellsEvidence read_time_evidence(const NetcdfFile& file, const FieldLayout& layout,
                                     const calendar::TimeAxis& times);

/// How the values of a variable in a file stand in time.
struct TimeCells {
  TimeSampling sampling = TimeSampling::snapshot;
  bool is_assumed = false;      ///< snapshots because the file says nothing of it
  std::string doubt;            ///< what in the file contradicts it, for a warning; empty: nothing
  std::vector<TimeSpan> spans;  ///< of means, one an instant
};

/// Tells snapshots from means by `cell_methods` and the bounds of the time coordinate: the one reader of
/// both.
///
/// "time: mean" needs bounds. "time: point" beside bounds of some length contradicts itself: where most
/// instants lie within their bounds, values are means, and the file is refused; where they lie at an end,
/// they are treated as snapshots, with a doubt. What says nothing and has no bounds is assumed to be
/// snapshots. Bounds are in their own units where they have some, else in those of the time coordinate.
///
/// @param as_told  what the user says, in place of `cell_methods`
/// @throws Error naming file and variable: a climatology; neither snapshots nor means; means without bounds;
///         bounds of another calendar, or that are not intervals around their instants; bounds, but not a
///         word on what they mean
TimeCells find_time_cells(const std::filesystem::path& file, const FieldLayout& layout,
                          const calendar::TimeAxis& times, const TimeCellsEvidence& evidence,
                          std::optional<TimeSampling> as_told = std::nullopt);

/// The same, where all means are over intervals of one length, all alike about their time stamps.
struct Sampling {
  TimeSampling kind = TimeSampling::snapshot;
  bool is_assumed = false;
  std::string doubt;
  MeanInterval interval;  ///< of means
};

/// "snapshots" or "means over 6 h that begin 3 h before their time stamps".
std::string describe(const Sampling& sampling);

/// @throws Error as find_time_cells, or naming the first mean whose interval is not like the first one's
Sampling find_sampling(const std::filesystem::path& file, const FieldLayout& layout,
                       const calendar::TimeAxis& times, const TimeCellsEvidence& evidence,
                       std::optional<TimeSampling> as_told = std::nullopt);

}  // namespace foehn::io

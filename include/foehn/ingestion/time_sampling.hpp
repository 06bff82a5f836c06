#pragma once

#include <optional>
#include <string>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/io/field_layout.hpp"
#include "foehn/io/trajectory_writer.hpp"

namespace foehn::ingestion {

/// What a value has to do with the instant that it is stamped with.
enum class TimeSampling {
  snapshot,  ///< the weather of that instant
  mean,      ///< the mean over an interval, which the time bounds tell
};

/// How the values of a variable in a file stand in time.
struct Sampling {
  TimeSampling kind = TimeSampling::snapshot;
  bool is_assumed = false;    ///< a snapshot because the file says nothing of it
  io::MeanInterval interval;  ///< of means
};

/// The middle of what each value is of, which says what month and year it belongs to: of snapshots their
/// times.
calendar::TimeAxis middles(const Sampling& sampling, calendar::TimeAxis times);

/// The first and the last second that the values are of: of snapshots their first and last time, of means
/// from the first one's begin to before the last one's end.
calendar::TimeAxis covered(const Sampling& sampling, const calendar::TimeAxis& times);

/// Tells snapshots from means by `cell_methods` and time bounds.
/// @param as_told  what the user says, in place of `cell_methods`
/// @throws Error naming file and variable: neither snapshots nor means; means without bounds, or over
/// intervals
///         that differ, are empty or lie beside their time stamps; bounds, but not a word on what they mean
Sampling read_sampling(const io::NetcdfFile& file, const io::FieldLayout& layout,
                       const calendar::TimeAxis& times, std::optional<TimeSampling> as_told);

}  // namespace foehn::ingestion

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"

namespace foehn::calendar {

/// Instants in one calendar, as seconds since 1970-01-01 00:00:00 of that calendar.
struct TimeAxis {
  Calendar calendar = Calendar::standard;
  std::vector<std::int64_t> seconds;

  std::int64_t size() const { return static_cast<std::int64_t>(seconds.size()); }
  /// "2019-03-26T06:00:00", for messages and attributes.
  std::string format(std::int64_t index) const;
};

/// Whether the instants of two axes may be compared as seconds: their calendars are the same, or are standard
/// and proleptic_gregorian and all instants lie on or after 1582-10-15, from which date on these two agree.
bool are_comparable(const TimeAxis& a, const TimeAxis& b);

/// Decodes CF time coordinate values.
///
/// @param values    values of the coordinate, rounded to the nearest second
/// @param units     "hours since 1900-01-01 00:00:00.0", "days since 2019-3-1 00:00 +01:00" and the like:
///                  nanoseconds to weeks in any spelling of UDUNITS; not months or years, whose length is not
///                  fixed
/// @param calendar  the CF calendar
/// @throws Error naming the units, or the index of a value that is not finite
TimeAxis decode_times(std::span<const double> values, const std::string& units, Calendar calendar);

/// The commonest step between neighbours, in seconds (the smallest of several); 0 if time never rises.
std::int64_t commonest_step(const TimeAxis& axis);

/// Checks that an axis rises by one fixed step.
///
/// @return the step in seconds; 0 for an axis of one instant
/// @throws Error naming the first instant that repeats, goes back or leaves a gap, with the step expected
///         (the axis's commonest) and found
std::int64_t regular_step_seconds(const TimeAxis& axis);

/// "6 h", "30 min", "1 d": a step for messages.
std::string format_step(std::int64_t seconds);

}  // namespace foehn::calendar

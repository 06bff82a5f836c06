#pragma once

#include <cstdint>
#include <string>

#include "foehn/calendar/time_axis.hpp"

namespace foehn::bias {

/// When in the day a record's values are taken, and over how long: alike in records whose distributions,
/// which hold all hours of the day, are compared.
struct DailyTimes {
  std::int64_t mean_seconds = 0;   ///< what a value is the mean over; 0: a snapshot
  std::int64_t every_seconds = 0;  ///< between its times of day; 0: a single instant
  std::int64_t first_seconds = 0;  ///< the first time of the day; of means, when they begin
  bool operator==(const DailyTimes&) const = default;
};

/// @param times          time stamps that rise by one step
/// @param begin_seconds  when a mean begins, counted from its stamp
/// @param mean_seconds   what it is over; both 0 for snapshots
DailyTimes daily_times(const calendar::TimeAxis& times, std::int64_t begin_seconds,
                       std::int64_t mean_seconds);

/// Whether two records hold the same hours of the day: snapshots at the same times, or means over the same
/// times. Means over whole days hold all hours, whenever they begin. A single instant need only be one of the
/// other's times.
bool are_alike(const DailyTimes& a, const DailyTimes& b);

/// "snapshots every 6 h from 00:00 on", "means over 6 h every 6 h from 03:00 on"
std::string describe(const DailyTimes& times);

}  // namespace foehn::bias

#pragma once

#include <cstdint>
#include <string>

#include "foehn/calendar/date_time.hpp"

namespace foehn::conditioning {

/// A trajectory's place in time. Times are seconds since 1970-01-01 of the calendar.
struct Period {
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds = 0;
  std::int64_t step_seconds = 3600;
  std::int64_t hours = 0;

  std::int64_t seconds(std::int64_t hour) const { return first_seconds + hour * step_seconds; }
  /// "2019-03-26T06:00:00"
  std::string date(std::int64_t hour) const {
    return calendar::format_date_time(calendar::from_seconds(seconds(hour), calendar));
  }
  bool operator==(const Period&) const = default;
};

}  // namespace foehn::conditioning

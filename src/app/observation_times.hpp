#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/observation/observations.hpp"

namespace foehn::app {

/// The trajectory's place in time. Times are seconds since 1970-01-01 of the calendar.
struct Period {
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds = 0;
  std::int64_t step_seconds = 3600;
  std::int64_t hours = 0;

  std::int64_t seconds(std::int64_t hour) const { return first_seconds + hour * step_seconds; }
};

/// Which variables are observed when, all of them at the same times: in a file, or in one that is yet to be
/// prepared.
struct ObservationTimes {
  std::string name;                     ///< of the file, for messages
  std::vector<std::int64_t> variables;  ///< indices of the domain's, rising
  std::int64_t block = 1;               ///< cells a side of a block
  calendar::Calendar calendar = calendar::Calendar::standard;
  bool is_mean = false;
  std::int64_t hour_seconds = 3600;  ///< the domain's step
  std::int64_t step_seconds = 0;     ///< from one to the next; 0 if there is only one
  std::vector<io::TimeSpan> spans;   ///< rising; at least one

  /// The first and the last hour that an observation covers, seconds.
  std::int64_t first_seconds() const { return spans.front().begin; }
  std::int64_t last_seconds() const;
  /// Hours between two observations; 1 if there is only one.
  std::int64_t period_hours() const;
  /// Every observation's hours of the trajectory, rising.
  /// @throws core::Error naming the first observation of another hour
  std::vector<observation::Interval> intervals_in(const Period& period) const;
};

}  // namespace foehn::app

#include "observation_times.hpp"

#include <fmt/format.h>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"

namespace foehn::app {

std::int64_t ObservationTimes::last_seconds() const {
  return is_mean ? spans.back().end - hour_seconds : spans.back().end;
}

std::int64_t ObservationTimes::period_hours() const {
  return step_seconds == 0 ? 1 : step_seconds / hour_seconds;
}

std::vector<observation::Interval> ObservationTimes::intervals_in(const Period& period) const {
  const auto date = [&](std::int64_t seconds) {
    return calendar::format_date_time(calendar::from_seconds(seconds, calendar));
  };
  std::vector<observation::Interval> intervals;
  for (const io::TimeSpan& span : spans) {
    const std::int64_t begin = span.begin - period.first_seconds;
    const std::int64_t end = is_mean ? span.end - period.first_seconds : begin + hour_seconds;
    if (begin < 0 || begin % hour_seconds != 0 || end % hour_seconds != 0 ||
        end > period.hours * hour_seconds) {
      const std::string what =
          is_mean ? fmt::format("the mean over {} to {} is over no hours", date(span.begin), date(span.end))
                  : fmt::format("{} is no hour", date(span.begin));
      throw core::Error(
          fmt::format("observations {}: {} of the trajectory, which has {} steps of {} from {} to {} "
                      "(time.start, time.hours); the trajectory must hold all the file's observations",
                      name, what, period.hours, calendar::format_step(hour_seconds),
                      date(period.first_seconds), date(period.seconds(period.hours - 1))));
    }
    intervals.push_back({begin / hour_seconds, end / hour_seconds});
  }
  return intervals;
}

}  // namespace foehn::app

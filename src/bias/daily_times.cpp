#include "foehn/bias/daily_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace foehn::bias {

namespace {

std::int64_t modulo(std::int64_t seconds, std::int64_t period) {
  return ((seconds % period) + period) % period;
}

}  // namespace

DailyTimes daily_times(const calendar::TimeAxis& times, std::int64_t begin_seconds,
                       std::int64_t mean_seconds) {
  const std::int64_t step = calendar::commonest_step(times);
  // A step of 30 h meets the same times of the day as one of 6 h.
  const std::int64_t every = step == 0 ? 0 : std::gcd(step, calendar::kSecondsPerDay);
  // The epoch is a midnight in every calendar.
  const std::int64_t begin = times.seconds.front() + begin_seconds;
  return {mean_seconds, every, modulo(begin, every == 0 ? calendar::kSecondsPerDay : every)};
}

bool are_alike(const DailyTimes& a, const DailyTimes& b) {
  if (a.mean_seconds != b.mean_seconds) return false;
  if (a.mean_seconds > 0 && a.mean_seconds % calendar::kSecondsPerDay == 0) return true;
  const bool is_one_single = a.every_seconds == 0 || b.every_seconds == 0;
  if (!is_one_single && a.every_seconds != b.every_seconds) return false;
  const std::int64_t every = std::max(a.every_seconds, b.every_seconds);
  return modulo(a.first_seconds - b.first_seconds, every == 0 ? calendar::kSecondsPerDay : every) == 0;
}

std::string describe(const DailyTimes& times) {
  const std::string what = times.mean_seconds == 0
                               ? "snapshots"
                               : fmt::format("means over {}", calendar::format_step(times.mean_seconds));
  const std::string time =
      fmt::format("{:02}:{:02}", times.first_seconds / 3600, times.first_seconds / 60 % 60);
  if (times.every_seconds == 0) return fmt::format("{} at {}", what, time);
  return fmt::format("{} every {} from {} on", what, calendar::format_step(times.every_seconds), time);
}

}  // namespace foehn::bias

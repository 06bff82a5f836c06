#include "foehn/calendar/time_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"

namespace foehn::calendar {
namespace {

/// Times further than this from the reference date (30 million years) are refused; also far from overflow.
constexpr double kLargestSeconds = 1e15;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Seconds in a unit of time; 0 for any other word and for units without a fixed length.
double seconds_in(const std::string& unit) {
  constexpr std::array<std::pair<std::string_view, double>, 32> kUnits{{
      {"ns", 1e-9},
      {"nsec", 1e-9},
      {"nanosecond", 1e-9},
      {"nanoseconds", 1e-9},
      {"us", 1e-6},
      {"usec", 1e-6},
      {"microsecond", 1e-6},
      {"microseconds", 1e-6},
      {"ms", 1e-3},
      {"msec", 1e-3},
      {"msecs", 1e-3},
      {"millisecond", 1e-3},
      {"milliseconds", 1e-3},
      {"s", 1},
      {"sec", 1},
      {"secs", 1},
      {"second", 1},
      {"seconds", 1},
      {"min", 60},
      {"mins", 60},
      {"minute", 60},
      {"minutes", 60},
      {"h", 3600},
      {"hr", 3600},
      {"hrs", 3600},
      {"hour", 3600},
      {"hours", 3600},
      {"d", kSecondsPerDay},
      {"day", kSecondsPerDay},
      {"days", kSecondsPerDay},
      {"week", 604800},
      {"weeks", 604800},
  }};
  for (const auto& [name, seconds] : kUnits) {
    if (unit == name) return seconds;
  }
  return 0;
}

}  // namespace

std::string TimeAxis::format(std::int64_t index) const {
  return format_date_time(from_seconds(seconds.at(static_cast<std::size_t>(index)), calendar));
}

bool are_comparable(const TimeAxis& a, const TimeAxis& b) {
  if (a.calendar == b.calendar) return true;
  const std::int64_t first_gregorian = to_seconds({1582, 10, 15}, Calendar::standard);
  const auto is_gregorian = [&](const TimeAxis& axis) {
    const bool is_one = axis.calendar == Calendar::standard || axis.calendar == Calendar::proleptic_gregorian;
    return is_one && std::all_of(axis.seconds.begin(), axis.seconds.end(),
                                 [&](std::int64_t seconds) { return seconds >= first_gregorian; });
  };
  return is_gregorian(a) && is_gregorian(b);
}

TimeAxis decode_times(std::span<const double> values, const std::string& units, Calendar calendar) {
  const std::string quoted = "time units '" + units.substr(0, 80) + "'";
  const auto since = core::lower_case(units).find(" since ");
  if (since == std::string::npos)
    throw core::Error(quoted + ": expected a form such as 'hours since 1900-01-01'");
  const double unit_seconds = seconds_in(core::lower_case(trimmed(units.substr(0, since))));
  if (unit_seconds == 0)
    throw core::Error(quoted +
                      ": the unit must be seconds (or milli-, micro- or nanoseconds), minutes, "
                      "hours, days or weeks; months and years have no fixed length");
  const std::int64_t reference =
      core::with_context(quoted, [&] { return parse_seconds(trimmed(units.substr(since + 7)), calendar); });

  TimeAxis axis{calendar, {}};
  axis.seconds.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double seconds = values[i] * unit_seconds;
    if (!(std::abs(seconds) <= kLargestSeconds)) {
      throw core::Error(quoted + ": value " + std::to_string(i) + " is " + std::to_string(values[i]) +
                        ", which is not a usable time");
    }
    axis.seconds.push_back(reference + std::llround(seconds));
  }
  return axis;
}

std::int64_t commonest_step(const TimeAxis& axis) {
  std::map<std::int64_t, std::int64_t> counts;
  for (std::size_t i = 1; i < axis.seconds.size(); ++i) {
    const std::int64_t step = axis.seconds[i] - axis.seconds[i - 1];
    if (step > 0) ++counts[step];
  }
  const auto commonest = std::max_element(counts.begin(), counts.end(),
                                          [](const auto& a, const auto& b) { return a.second < b.second; });
  return commonest == counts.end() ? 0 : commonest->first;
}

std::int64_t regular_step_seconds(const TimeAxis& axis) {
  const std::int64_t step = commonest_step(axis);
  for (std::int64_t i = 1; i < axis.size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    const std::int64_t found = axis.seconds[k] - axis.seconds[k - 1];
    if (found == 0) throw core::Error("time axis: " + axis.format(i) + " is repeated");
    if (found < 0) {
      throw core::Error("time axis: goes back from " + axis.format(i - 1) + " to " + axis.format(i));
    }
    if (found != step) {
      throw core::Error("time axis: step " + std::to_string(i) + ", from " + axis.format(i - 1) + " to " +
                        axis.format(i) + ", is " + format_step(found) + ", expected " + format_step(step));
    }
  }
  return step;
}

std::string format_step(std::int64_t seconds) {
  if (seconds != 0 && seconds % kSecondsPerDay == 0) return std::to_string(seconds / kSecondsPerDay) + " d";
  if (seconds != 0 && seconds % 3600 == 0) return std::to_string(seconds / 3600) + " h";
  if (seconds != 0 && seconds % 60 == 0) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds) + " s";
}

}  // namespace foehn::calendar

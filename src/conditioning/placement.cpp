#include "foehn/conditioning/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"

namespace foehn::conditioning {

Placement place(const Series& series, const Period& period) {
  const std::string whose = fmt::format(
      "of the trajectory, which has {} steps of {} from {} to {} (time.start, time.hours); the trajectory "
      "must "
      "hold all the file's observations",
      period.hours, calendar::format_step(period.step_seconds), period.date(0),
      period.date(period.hours - 1));
  return {series.variables, series.block,
          series.step_seconds == 0 ? 1 : series.step_seconds / series.hour_seconds,
          core::with_context("observations " + series.name,
                             [&] { return matched_hours(series, period, whose); })};
}

std::string describe(const Placement& placement, const std::vector<io::Variable>& variables) {
  const std::int64_t hours = placement.intervals.front().hours();
  std::string text = fmt::format("{} {}", placement.intervals.size(),
                                 hours == 1 ? "observations" : fmt::format("means over {} steps", hours));
  if (placement.variables.size() < variables.size()) {
    std::vector<std::string> names;
    for (const std::int64_t i : placement.variables)
      names.push_back(variables[static_cast<std::size_t>(i)].name);
    text += fmt::format(" of {}", fmt::join(names, ", "));
  }
  return fmt::format("{} every {} steps in blocks of {} x {}", text, placement.period, placement.block,
                     placement.block);
}

std::vector<std::int64_t> slab_borders(const std::vector<Placement>& placements, std::int64_t hours,
                                       const std::vector<PointPlacement>& points) {
  std::vector<bool> may_cut(static_cast<std::size_t>(hours), placements.empty());
  for (const Placement& placement : placements)
    for (std::int64_t hour = placement.intervals.front().first % placement.period; hour < hours;
         hour += placement.period)
      may_cut[static_cast<std::size_t>(hour)] = true;
  for (const PointPlacement& placement : points)
    for (const observation::Interval& interval : placement.intervals)
      if (interval.hours() > 1) may_cut[static_cast<std::size_t>(interval.first)] = true;
  const auto keep_together = [&](const std::vector<observation::Interval>& intervals) {
    for (const observation::Interval& interval : intervals)
      std::fill(may_cut.begin() + interval.first + 1, may_cut.begin() + interval.last, false);
  };
  for (const Placement& placement : placements) keep_together(placement.intervals);
  for (const PointPlacement& placement : points) keep_together(placement.intervals);
  std::vector<std::int64_t> borders;
  for (std::int64_t hour = 0; hour < hours; ++hour)
    if (may_cut[static_cast<std::size_t>(hour)]) borders.push_back(hour);
  return borders;
}

}  // namespace foehn::conditioning

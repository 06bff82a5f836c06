#include "evaluation/time_blocks.hpp"

#include <algorithm>

namespace foehn::evaluation {
namespace {

constexpr std::int64_t kMostBlocks = 64;

bool is_mean_open(const ObservationSeries& series, std::int64_t hour) {
  const std::int64_t since_first = hour - series.first_hour;
  if (since_first <= 0 || since_first / series.period >= series.size()) return false;
  const std::int64_t since_begin = since_first % series.period;
  return since_begin > 0 && since_begin < series.covered_hours;
}

}  // namespace

std::vector<TimeBlock> time_blocks(const Sources& sources) {
  const auto& times = sources.members.front().times().seconds;
  const auto day_of = [&](std::int64_t hour) {
    const std::int64_t seconds = times[static_cast<std::size_t>(hour)];
    const std::int64_t rest = seconds % calendar::kSecondsPerDay;
    return (seconds - rest) / calendar::kSecondsPerDay - (rest < 0 ? 1 : 0);
  };
  const std::int64_t end = sources.first_hour + sources.hours;
  const std::int64_t days = day_of(end - 1) - day_of(sources.first_hour) + 1;
  const std::int64_t days_per_block = (days + kMostBlocks - 1) / kMostBlocks;

  std::vector<TimeBlock> blocks = {{sources.first_hour, end}};
  for (std::int64_t hour = sources.first_hour + 1; hour < end; ++hour) {
    const bool begins_day = day_of(hour) != day_of(hour - 1);
    const bool is_long_enough = day_of(hour) - day_of(blocks.back().first) >= days_per_block;
    if (!begins_day || !is_long_enough ||
        std::any_of(sources.observations.begin(), sources.observations.end(),
                    [&](const ObservationSeries& series) { return is_mean_open(series, hour); }))
      continue;
    blocks.back().last = hour;
    blocks.push_back({hour, end});
  }
  return blocks;
}

}  // namespace foehn::evaluation

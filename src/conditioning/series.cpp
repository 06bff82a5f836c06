#include "foehn/conditioning/series.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::conditioning {

std::int64_t Series::last_seconds() const {
  return is_mean ? spans.back().end - hour_seconds : spans.back().end;
}

Series series_of(const io::CoarseSource& source, std::int64_t block, std::int64_t hour_seconds) {
  return {.name = source.files.front().string(),
          .variables = source.variables,
          .block = block,
          .calendar = source.reader.times().calendar,
          .is_mean = source.is_mean,
          .hour_seconds = hour_seconds,
          .step_seconds = source.reader.step_seconds(),
          .spans = source.spans};
}

std::int64_t matched_block(const grid::Grid& fine, const grid::Grid& coarse) {
  if (fine.unstructured || coarse.unstructured) {
    if (const auto difference = grid::difference(fine, coarse))
      throw core::Error(
          fmt::format("grid: {}; a grid without rows and columns has no blocks, but "
                      "observation.operator native takes its cells as they are",
                      *difference));
    return 1;
  }
  const std::int64_t block = std::max<std::int64_t>(1, fine.ny() / coarse.ny());
  if (coarse.ny() * block != fine.ny() || coarse.nx() * block != fine.nx())
    throw core::Error(
        fmt::format("grid: found {} x {} cells, expected means over square blocks of {} x {} cells",
                    coarse.ny(), coarse.nx(), fine.ny(), fine.nx()));
  if (const auto difference = grid::difference(grid::block_mean_grid(fine, block), coarse))
    throw core::Error(fmt::format("grid: not means over blocks of {0} x {0} cells: {1}", block, *difference));
  return block;
}

std::vector<observation::Interval> matched_hours(const Series& series, const Period& period,
                                                 const std::string& whose) {
  const auto date = [&](std::int64_t seconds) {
    return calendar::format_date_time(calendar::from_seconds(seconds, series.calendar));
  };
  const std::int64_t step = period.step_seconds;
  std::vector<observation::Interval> intervals;
  for (const io::TimeSpan& span : series.spans) {
    const std::int64_t begin = span.begin - period.first_seconds;
    const std::int64_t end = series.is_mean ? span.end - period.first_seconds : begin + step;
    if (begin < 0 || begin % step != 0 || end % step != 0 || end > period.hours * step)
      throw core::Error(fmt::format(
          "{} {}",
          series.is_mean
              ? fmt::format("the mean over {} to {} does not cover hours", date(span.begin), date(span.end))
              : fmt::format("{} is not an hour", date(span.begin)),
          whose));
    intervals.push_back({begin / step, end / step});
  }
  return intervals;
}

}  // namespace foehn::conditioning

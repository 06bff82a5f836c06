#include "coarse_conditions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"

namespace foehn::job {

namespace {

using Placements = std::vector<conditioning::Placement>;

void check_all_given(const Placements& placements, const model::PriorDescription& prior) {
  std::set<std::int64_t> given;
  for (const conditioning::Placement& placement : placements)
    given.insert(placement.variables.begin(), placement.variables.end());
  for (std::size_t i = 0; i < prior.domain.variables.size(); ++i)
    if (!given.contains(static_cast<std::int64_t>(i)))
      throw core::Error(fmt::format(
          "observations: variable '{}' is missing: a prior of kind {} must be given coarse fields of each of "
          "its variables",
          prior.domain.variables[i].name, prior.kind));
}

void check_alike(const std::vector<conditioning::Series>& series, const Placements& placements,
                 const std::string& kind) {
  const conditioning::Placement& first = placements.front();
  for (std::size_t i = 0; i < placements.size(); ++i) {
    if (series[i].is_mean)
      throw core::Error(fmt::format(
          "observations {}: expected snapshots, found means over time: a prior of kind {} is given snapshots",
          series[i].name, kind));
    if (placements[i].block != first.block)
      throw core::Error(fmt::format(
          "observations {}: expected blocks of {} cells per side, as in {}, found {}: a prior of kind {} is "
          "given one size of blocks",
          series[i].name, first.block, series[0].name, placements[i].block, kind));
    if (placements[i].intervals != first.intervals)
      throw core::Error(
          fmt::format("observations {}: expected the times of {}, found others: a prior of kind {} is given "
                      "all variables at the same times",
                      series[i].name, series[0].name, kind));
  }
}

void check_times(const conditioning::Placement& coarse, const conditioning::Period& period,
                 const model::CoarseForm& form, const std::string& kind) {
  const auto& intervals = coarse.intervals;
  const std::int64_t first = intervals.front().first, last = intervals.back().first;
  if (first > 0 || last < period.hours - 1)
    throw core::Error(fmt::format(
        "time.start, time.hours: expected a trajectory within the coarse fields that a prior of kind {} is "
        "given, {} to {}, found {} to {}",
        kind, period.date(first), period.date(last), period.date(0), period.date(period.hours - 1)));
  for (std::size_t i = 1; i < intervals.size(); ++i)
    if (const std::int64_t gap = intervals[i].first - intervals[i - 1].first; gap > form.longest_gap())
      throw core::Error(fmt::format(
          "observations: none between {} and {}, {} steps apart: the prior was trained with coarse fields at "
          "most {} steps apart (train.every)",
          period.date(intervals[i - 1].first), period.date(intervals[i].first), gap, form.longest_gap()));
}

}  // namespace

void check_coarse(const std::vector<conditioning::Series>& series, const Placements& placements,
                  const conditioning::Period& period, const model::PriorDescription& prior) {
  const model::CoarseForm& form = *prior.coarse;
  check_all_given(placements, prior);
  check_alike(series, placements, prior.kind);
  const std::int64_t block = placements.front().block;
  if (!std::ranges::binary_search(form.blocks, block))
    throw core::Error(fmt::format(
        "observations {}: blocks of {} cells per side: the prior was trained with {} (train.block)",
        series.front().name, block, fmt::join(form.blocks, ", ")));
  check_times(placements.front(), period, form, prior.kind);
}

}  // namespace foehn::job

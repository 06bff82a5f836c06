#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "foehn/core/error.hpp"
#include "foehn/evaluation/compare_climates.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::evaluation {
namespace {

using core::Error;

std::string span_of_members(const Sources& sources) {
  return fmt::format("{} to {}", sources.time_text(sources.first_hour),
                     sources.time_text(sources.first_hour + sources.hours - 1));
}

int month_of(const Sources& sources, std::int64_t hour) {
  const calendar::TimeAxis& times = sources.members.front().times();
  return calendar::from_seconds(times.seconds[static_cast<std::size_t>(hour)], times.calendar).month;
}

void check_variables(const Sources& historical, const Sources& future) {
  const auto& before = historical.variables();
  const auto& after = future.variables();
  if (before == after) return;
  const auto text = [](const std::vector<io::Variable>& variables) {
    std::string words;
    for (const io::Variable& variable : variables)
      words += fmt::format("{}{} [{}]", words.empty() ? "" : ", ", variable.name, variable.units);
    return words;
  };
  throw Error(fmt::format("variables: {}; expected {} as in input.members", text(before), text(after)));
}

void check_times(const Sources& historical, const Sources& future) {
  const calendar::TimeAxis& before = historical.members.front().times();
  const calendar::TimeAxis& after = future.members.front().times();
  if (!calendar::are_comparable(before, after))
    throw Error(fmt::format("calendar: {}, expected {} as in input.members",
                            calendar::calendar_name(before.calendar),
                            calendar::calendar_name(after.calendar)));
  if (historical.step_hours() != future.step_hours())
    throw Error(fmt::format("step: {:g} h, expected {:g} h as in input.members", historical.step_hours(),
                            future.step_hours()));
  const auto last = before.seconds[static_cast<std::size_t>(historical.first_hour + historical.hours - 1)];
  if (last >= after.seconds[static_cast<std::size_t>(future.first_hour)])
    throw Error(fmt::format("their period, {}, does not end before that of input.members, {}",
                            span_of_members(historical), span_of_members(future)));
}

/// What is observed, and when, by variable: members are compared with the driving model in these terms.
std::string observed_text(const Sources& sources) {
  std::string text;
  for (const ObservationSeries& series : sources.observations) {
    for (const std::int64_t variable : series.source.variables)
      text += fmt::format("{}{}", text.empty() ? "" : " ",
                          sources.variables()[static_cast<std::size_t>(variable)].name);
    const double step = sources.step_hours();
    text += fmt::format(" every {:g} h", step * static_cast<double>(series.period));
    if (series.covered_hours > 1)
      text += fmt::format(" as means over {:g} h", step * static_cast<double>(series.covered_hours));
    text += &series == &sources.observations.back() ? "" : ",";
  }
  return text;
}

std::string prior_of(const SourceFiles& files) {
  const io::Attributes attributes = io::NetcdfFile::open(files.members.front()).global_attributes();
  const auto found = attributes.find("foehn_prior_digest");
  const auto* digest = found == attributes.end() ? nullptr : std::get_if<std::string>(&found->second);
  return digest == nullptr ? "" : *digest;
}

}  // namespace

void check_periods(const Sources& historical, const SourceFiles& historical_files, const Sources& future,
                   const SourceFiles& future_files) {
  check_variables(historical, future);
  if (const auto difference = grid::difference(future.grid(), historical.grid()))
    throw Error("grid: " + *difference + ", as in input.members");
  if (historical.blocks.block() != future.blocks.block())
    throw Error(
        fmt::format("observations: blocks of {0} x {0} cells, expected {1} x {1}, as in input.observations",
                    *historical.blocks.block(), *future.blocks.block()));
  if (const auto difference = grid::difference(future.blocks.grid(), historical.blocks.grid()))
    throw Error("observations: grid: " + *difference + ", as in input.observations");
  check_times(historical, future);
  if (observed_text(historical) != observed_text(future))
    throw Error(fmt::format("observations: {}; expected {}, as in input.observations",
                            observed_text(historical), observed_text(future)));
  if (prior_of(historical_files) != prior_of(future_files))
    throw Error(fmt::format("{} was drawn from another prior than {} (global attribute foehn_prior_digest)",
                            historical_files.members.front().string(),
                            future_files.members.front().string()));
}

ClimatePeriod climate_period(const Sources& sources) {
  ClimatePeriod period;
  period.first_time = sources.time_text(sources.first_hour);
  period.last_time = sources.time_text(sources.first_hour + sources.hours - 1);
  period.hours = sources.hours;
  period.members = static_cast<std::int64_t>(sources.members.size());
  for (std::int64_t hour = sources.first_hour; hour < sources.first_hour + sources.hours; ++hour)
    period.month_parts[static_cast<std::size_t>(month_of(sources, hour) - 1)] +=
        1 / static_cast<double>(sources.hours);
  return period;
}

std::optional<std::string> uneven_cover(const ClimatePeriod& historical, const ClimatePeriod& future) {
  constexpr double kSmall = 0.02;  // more than leap days and a calendar of 360 days make
  std::size_t worst = 0;
  const auto gap = [&](std::size_t month) {
    return std::abs(historical.month_parts[month] - future.month_parts[month]);
  };
  for (std::size_t month = 1; month < 12; ++month)
    if (gap(month) > gap(worst)) worst = month;
  if (gap(worst) <= kSmall) return std::nullopt;
  return fmt::format(
      "the periods cover the year unlike: month {} has {:.0f} % of the historical hours and {:.0f} % of "
      "those "
      "of input.members, so that a part of the change is that of the seasons",
      worst + 1, 100 * historical.month_parts[worst], 100 * future.month_parts[worst]);
}

}  // namespace foehn::evaluation

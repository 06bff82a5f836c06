#include "evaluation/example_hour.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "evaluation/hour_fields.hpp"

namespace foehn::evaluation {
namespace {

std::int64_t middle_hour(const Sources& sources) {
  const std::int64_t last = sources.first_hour + sources.hours - 1;
  const std::int64_t intervals = (last - sources.first_observed_hour) / sources.period;
  const std::int64_t hour =
      sources.first_observed_hour + intervals / 2 * sources.period + (intervals > 0 ? sources.period / 2 : 0);
  return std::clamp(hour, sources.first_hour, last);
}

ExampleHour make_example(const Sources& sources, std::int64_t hour, const HourFields& fields,
                         const std::vector<Baseline>& baselines) {
  ExampleHour example;
  example.time = sources.time_text(hour);
  example.hours_since_observation = sources.hours_since_observation(hour).value_or(0);
  example.observation_time = sources.time_text(baselines.front().nearest_observed_hour());
  const auto coarse_cells = static_cast<std::size_t>(sources.blocks.coarse_cells());
  example.observation.assign(sources.variables().size() * coarse_cells,
                             std::numeric_limits<double>::quiet_NaN());
  for (const Baseline& baseline : baselines) {
    auto from = baseline.nearest_observation().begin();
    for (const std::int64_t variable : baseline.series().source.variables) {
      std::copy_n(from, coarse_cells,
                  example.observation.begin() + variable * static_cast<std::int64_t>(coarse_cells));
      from += static_cast<std::ptrdiff_t>(coarse_cells);
    }
  }
  example.truth.assign(fields.truth.begin(), fields.truth.end());
  example.first_member.assign(fields.members.front().begin(), fields.members.front().end());
  const auto members = static_cast<double>(fields.members.size());
  for (std::size_t cell = 0; cell < fields.interpolation.size(); ++cell) {
    const auto sum_over_members = [&](auto term) {
      return std::transform_reduce(
          fields.members.begin(), fields.members.end(), 0.0, std::plus<>(),
          [&](std::span<const float> member) { return term(static_cast<double>(member[cell])); });
    };
    const double mean = sum_over_members([](double value) { return value; }) / members;
    example.ensemble_mean.push_back(mean);
    if (fields.members.size() == 1) continue;
    const double squares = sum_over_members([mean](double value) { return (value - mean) * (value - mean); });
    example.ensemble_spread.push_back(std::sqrt(squares / (members - 1)));
  }
  return example;
}

}  // namespace

ExampleHour example_hour(const Sources& sources) {
  const std::int64_t hour = middle_hour(sources);
  const Climatology no_climatology;
  std::vector<Baseline> baselines;
  for (const ObservationSeries& series : sources.observations)
    baselines.emplace_back(sources, series, no_climatology);
  const FieldChunk chunk(sources, hour, 1);
  return make_example(sources, hour, chunk.fields(hour, baselines), baselines);
}

}  // namespace foehn::evaluation

#include "evaluation/event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "evaluation/hour_fields.hpp"

namespace foehn::evaluation {
namespace {

constexpr std::int64_t kHoursBesides = 2;  // of the fields shown before the strongest hour, and after it

bool has_wind(const HourlyMeans& means) {
  return !std::isnan(means.front().back());
}

/// Observed blocks are shown as they are; cells of a grid of their own, which may reach far beyond the
/// members', where these are.
std::size_t cells_shown(const Sources& sources) {
  return static_cast<std::size_t>(sources.blocks.block() ? sources.blocks.coarse_cells()
                                                         : sources.blocks.fine_cells());
}

void show(const Sources& sources, std::span<const double> observed, std::span<double> shown) {
  if (sources.blocks.block()) {
    std::copy(observed.begin(), observed.end(), shown.begin());
    return;
  }
  for (std::size_t cell = 0; cell < shown.size(); ++cell)
    if (const auto holder = sources.blocks.holder_of(cell)) shown[cell] = observed[*holder];
}

ExampleHour make_example(const Sources& sources, std::int64_t hour, const HourFields& fields,
                         const std::vector<Baseline>& baselines) {
  ExampleHour example;
  example.time = sources.time_text(hour);
  example.observation_time = sources.time_text(baselines.front().nearest_observed_hour());
  const auto coarse_cells = static_cast<std::size_t>(sources.blocks.coarse_cells());
  const std::size_t shown_cells = cells_shown(sources);
  example.observation.assign(sources.variables().size() * shown_cells,
                             std::numeric_limits<double>::quiet_NaN());
  for (const Baseline& baseline : baselines) {
    std::span<const double> values = baseline.nearest_observation();
    for (const std::int64_t variable : baseline.series().source.variables) {
      show(sources, values.first(coarse_cells),
           std::span(example.observation)
               .subspan(static_cast<std::size_t>(variable) * shown_cells, shown_cells));
      values = values.subspan(coarse_cells);
    }
  }
  example.interpolation = fields.interpolation;
  example.truth.assign(fields.truth.begin(), fields.truth.end());
  for (std::size_t member = 0; member < std::min<std::size_t>(2, fields.members.size()); ++member)
    example.members.emplace_back(fields.members[member].begin(), fields.members[member].end());
  return example;
}

}  // namespace

std::int64_t strongest_hour(const Sources& sources, const HourlyMeans& means) {
  double usual = 0;
  for (const auto& hour : means) usual += hour.front() / static_cast<double>(means.size());
  const auto strength = [&](const std::vector<double>& hour) {
    return has_wind(means) ? hour.back() : std::abs(hour.front() - usual);
  };
  const auto is_weaker = [&](const auto& one, const auto& other) { return strength(one) < strength(other); };
  return sources.first_hour + (std::max_element(means.begin(), means.end(), is_weaker) - means.begin());
}

Event find_event(const Sources& sources, const HourlyMeans& means) {
  const std::int64_t strongest = strongest_hour(sources, means) - sources.first_hour;
  const std::int64_t last = static_cast<std::int64_t>(means.size()) - 1;
  // Hours between observations are among them, where what is between was drawn.
  const std::int64_t spacing = std::max<std::int64_t>(1, sources.period / 2);

  Event event;
  event.what = has_wind(means) ? fmt::format("the strongest mean wind of the domain, {:.1f} m s-1",
                                             means[static_cast<std::size_t>(strongest)].back())
                               : fmt::format("the domain's mean of {} farthest from its mean over all hours",
                                             sources.variables().front().name);
  const Climatology no_climatology;
  std::vector<Baseline> baselines;
  for (const ObservationSeries& series : sources.observations)
    baselines.emplace_back(sources, series, no_climatology);
  for (std::int64_t step = -kHoursBesides; step <= kHoursBesides; ++step) {
    const std::int64_t place = strongest + step * spacing;
    if (place < 0 || place > last) continue;
    if (step == 0) event.strongest = event.hours.size();
    const std::int64_t hour = sources.first_hour + place;
    const FieldChunk chunk(sources, hour, 1);
    event.hours.push_back(make_example(sources, hour, chunk.fields(hour, baselines), baselines));
  }
  return event;
}

}  // namespace foehn::evaluation

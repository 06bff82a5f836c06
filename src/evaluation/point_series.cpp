#include "evaluation/point_series.hpp"

#include <algorithm>
#include <cmath>

#include "evaluation/hour_fields.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kHoursShown = 120;

/// Hours [first, last) around an event.
struct Excerpt {
  std::int64_t first = 0, last = 0;
};

Excerpt excerpt_around(const Sources& sources, std::int64_t middle) {
  const auto half = static_cast<std::int64_t>(std::ceil(kHoursShown / 2 / sources.step_hours()));
  const std::int64_t end = sources.first_hour + sources.hours;
  const std::int64_t first =
      std::clamp(middle - half, sources.first_hour, std::max(sources.first_hour, end - 2 * half - 1));
  return {first, std::min(first + 2 * half + 1, end)};
}

/// Mean fields over the excerpt, [variable, y, x], of the truth or the first member.
std::vector<double> mean_fields(const Sources& sources, const Excerpt& excerpt) {
  const std::size_t size = sources.variables().size() * static_cast<std::size_t>(sources.blocks.fine_cells());
  std::vector<double> means(size);
  std::vector<float> values(size);
  for (std::int64_t hour = excerpt.first; hour < excerpt.last; ++hour) {
    if (sources.reference)
      read_reference(sources, hour, 1, values);
    else
      sources.members.front().read(hour, 1, values);
    for (std::size_t i = 0; i < size; ++i)
      means[i] += static_cast<double>(values[i]) / static_cast<double>(excerpt.last - excerpt.first);
  }
  return means;
}

/// The block whose cells differ most in a field, and the highest and lowest of its cells.
struct Pair {
  std::size_t block = 0, high = 0, low = 0;
};

Pair most_unlike_pair(const Sources& sources, std::span<const double> field) {
  const auto blocks = static_cast<std::size_t>(sources.blocks.coarse_cells());
  std::vector<Pair> pairs(blocks);
  std::vector<bool> is_known(blocks, false);
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const auto block = sources.blocks.holder_of(cell);
    if (!block) continue;
    Pair& pair = pairs[*block];
    if (!is_known[*block]) pair = {*block, cell, cell};
    is_known[*block] = true;
    if (field[cell] > field[pair.high]) pair.high = cell;
    if (field[cell] < field[pair.low]) pair.low = cell;
  }
  return *std::max_element(pairs.begin(), pairs.end(), [&](const Pair& one, const Pair& other) {
    return field[one.high] - field[one.low] < field[other.high] - field[other.low];
  });
}

/// The observations of a variable in one block within the excerpt.
void add_observations(const Sources& sources, const Excerpt& excerpt, std::size_t variable, std::size_t block,
                      PointSeries& series) {
  const auto cells = static_cast<std::size_t>(sources.blocks.coarse_cells());
  for (const ObservationSeries& observed : sources.observations) {
    const auto& variables = observed.source.variables;
    const auto found = std::find(variables.begin(), variables.end(), static_cast<std::int64_t>(variable));
    if (found == variables.end()) continue;
    std::vector<float> values(variables.size() * cells);
    for (std::int64_t i = 0; i < observed.size(); ++i) {
      const std::int64_t hour = observed.first_hour + i * observed.period;
      if (hour < excerpt.first || hour >= excerpt.last) continue;
      observed.source.reader.read_with_gaps(i, 1, values);
      series.observed_steps.push_back(static_cast<double>(hour - excerpt.first) +
                                      static_cast<double>(observed.covered_hours - 1) / 2);
      series.observed.push_back(
          static_cast<double>(values[static_cast<std::size_t>(found - variables.begin()) * cells + block]));
    }
  }
}

}  // namespace

std::vector<PointSeries> point_series(const Sources& sources, std::int64_t middle,
                                      std::int64_t values_in_memory) {
  const Excerpt excerpt = excerpt_around(sources, middle);
  const std::vector<double> means = mean_fields(sources, excerpt);
  const auto cells = static_cast<std::size_t>(sources.blocks.fine_cells());
  const grid::Geographic positions = grid::geographic_coordinates(sources.grid());
  std::vector<PointSeries> all;
  for (std::size_t variable = 0; variable < sources.variables().size(); ++variable) {
    const Pair pair = most_unlike_pair(sources, std::span(means).subspan(variable * cells, cells));
    PointSeries& series = all.emplace_back();
    series.first_time = sources.time_text(excerpt.first);
    for (const std::size_t cell : {pair.high, pair.low})
      series.points.push_back({cell,
                               positions.latitude[cell],
                               positions.longitude[cell],
                               std::vector<std::vector<double>>(sources.members.size()),
                               {},
                               {}});
    add_observations(sources, excerpt, variable, pair.block, series);
  }

  const Climatology no_climatology;
  std::vector<Baseline> baselines;
  for (const ObservationSeries& series : sources.observations)
    baselines.emplace_back(sources, series, no_climatology);
  const std::int64_t chunk_hours = hours_per_chunk(sources, sources.members.size(), values_in_memory);
  for (std::int64_t first = excerpt.first; first < excerpt.last; first += chunk_hours) {
    const std::int64_t count = std::min(chunk_hours, excerpt.last - first);
    const FieldChunk chunk(sources, first, count);
    for (std::int64_t hour = first; hour < first + count; ++hour) {
      const HourFields fields = chunk.fields(hour, baselines);
      for (std::size_t variable = 0; variable < all.size(); ++variable)
        for (SeriesPoint& point : all[variable].points) {
          const std::size_t place = variable * cells + point.cell;
          for (std::size_t member = 0; member < fields.members.size(); ++member)
            point.members[member].push_back(static_cast<double>(fields.members[member][place]));
          if (!fields.truth.empty()) point.truth.push_back(static_cast<double>(fields.truth[place]));
          point.interpolation.push_back(fields.interpolation[place]);
        }
    }
  }
  return all;
}

}  // namespace foehn::evaluation

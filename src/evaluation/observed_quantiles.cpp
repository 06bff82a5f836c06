#include "evaluation/observed_quantiles.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "evaluation/quantile_sketch.hpp"
#include "evaluation/wind_variables.hpp"
#include "foehn/core/heartbeat.hpp"

namespace foehn::evaluation {
namespace {

void add_values(QuantileSketch& sketch, std::span<const double> values) {
  for (const double value : values)
    if (!std::isnan(value)) sketch.add(value);
}

void set_quantiles(const std::string& variable, const QuantileSketch& sketch,
                   std::vector<TrajectoryStatistic>& statistics) {
  if (sketch.count() == 0) return;
  for (TrajectoryStatistic& statistic : statistics)
    if (statistic.variable == variable && statistic.name == "quantile")
      statistic.observations = sketch.quantiles(statistic.at);
}

}  // namespace

void add_observed_quantiles(const Sources& sources, std::span<const double> centres,
                            std::vector<TrajectoryStatistic>& statistics) {
  const std::size_t variables = sources.variables().size();
  const auto cells = static_cast<std::size_t>(sources.blocks.coarse_cells());
  const std::optional<WindVariables> wind = WindVariables::among(sources.variables());
  std::vector<QuantileSketch> sketches(centres.begin(), centres.end());
  QuantileSketch speeds(0);
  for (const ObservationSeries& series : sources.observations) {
    const auto& observed = series.source.variables;
    std::vector<float> values(observed.size() * cells);
    std::vector<double> fields(variables * cells);
    for (std::int64_t i = 0; i < series.size(); ++i) {
      const std::int64_t hour = series.first_hour + i * series.period - sources.first_hour;
      if (hour < 0 || hour >= sources.hours) continue;
      series.source.reader.read_with_gaps(i, 1, values);
      std::fill(fields.begin(), fields.end(), std::nan(""));
      for (std::size_t place = 0; place < observed.size(); ++place) {
        const auto variable = static_cast<std::size_t>(observed[place]);
        const auto field = std::span(fields).subspan(variable * cells, cells);
        for (std::size_t cell = 0; cell < cells; ++cell)
          if (sources.blocks.is_covered(cell))
            field[cell] = static_cast<double>(values[place * cells + cell]);
        add_values(sketches[variable], field);
      }
      for (std::size_t cell = 0; wind && cell < cells; ++cell)
        if (const double speed = wind->speed(fields, cells, cell); !std::isnan(speed)) speeds.add(speed);
      core::beat();
    }
  }
  for (std::size_t variable = 0; variable < variables; ++variable)
    set_quantiles(sources.variables()[variable].name, sketches[variable], statistics);
  if (wind && wind->are_components()) set_quantiles("wind_speed", speeds, statistics);
}

}  // namespace foehn::evaluation

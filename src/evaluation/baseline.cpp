#include "evaluation/baseline.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "evaluation/between.hpp"

namespace foehn::evaluation {

Baseline::Baseline(const Sources& sources, const ObservationSeries& series, const Climatology& climatology)
    : sources_(sources), series_(series), climatology_(climatology) {}

void Baseline::seek(std::int64_t hour) {
  hour_ = hour;
  // In half hours, since the middle of a mean's hours may lie between two.
  const std::int64_t period = 2 * series_.period, last = series_.size() - 1;
  const std::int64_t since_first = std::clamp<std::int64_t>(
      2 * (hour - series_.first_hour) - (series_.covered_hours - 1), 0, last * period);
  const std::int64_t before = since_first / period;
  weight_ = static_cast<double>(since_first % period) / static_cast<double>(period);
  const std::int64_t after = weight_ > 0 ? before + 1 : before;
  if (after_.index == before) std::swap(before_, after_);
  if (before_.index != before) before_ = read(before);
  if (after_.index != after) after_ = after == before ? before_ : read(after);
}

const std::vector<double>& Baseline::nearest_observation() const {
  return weight_ <= 0.5 ? before_.values : after_.values;
}

std::int64_t Baseline::nearest_observed_hour() const {
  return series_.first_hour + (weight_ <= 0.5 ? before_ : after_).index * series_.period;
}

void Baseline::interpolate(std::span<double> fields) const {
  interpolate(before_.values, after_.values, fields);
}

void Baseline::interpolate_anomalies(std::span<double> fields) const {
  interpolate(before_.anomalies, after_.anomalies, fields);
  const std::vector<double> climate = climate_of(hour_);
  const auto cells = static_cast<std::size_t>(sources_.blocks.fine_cells());
  for (const std::int64_t variable : series_.source.variables) {
    const std::size_t first = static_cast<std::size_t>(variable) * cells;
    for (std::size_t i = first; i < first + cells; ++i) fields[i] += climate[i];
  }
}

Baseline::Observation Baseline::read(std::int64_t index) const {
  const auto& blocks = sources_.blocks;
  const auto& variables = series_.source.variables;
  const auto coarse_cells = static_cast<std::size_t>(blocks.coarse_cells());
  const auto fine_cells = static_cast<std::size_t>(blocks.fine_cells());

  std::vector<float> values(variables.size() * coarse_cells);
  series_.source.reader.read_with_gaps(index, 1, values);
  Observation observation{index, {values.begin(), values.end()}, {}};
  if (!climatology_) return observation;

  observation.anomalies = observation.values;
  std::vector<double> block_means(coarse_cells);
  const std::int64_t first_hour = series_.first_hour + index * series_.period;
  for (std::int64_t hour = first_hour; hour < first_hour + series_.covered_hours; ++hour) {
    const std::vector<double> climate = climate_of(hour);
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const std::size_t first = static_cast<std::size_t>(variables[i]) * fine_cells;
      blocks.mean(std::span<const double>(climate).subspan(first, fine_cells), block_means);
      for (std::size_t cell = 0; cell < coarse_cells; ++cell)
        observation.anomalies[i * coarse_cells + cell] -=
            block_means[cell] / static_cast<double>(series_.covered_hours);
    }
  }
  return observation;
}

std::vector<double> Baseline::climate_of(std::int64_t hour) const {
  std::vector<double> climate(sources_.variables().size() *
                              static_cast<std::size_t>(sources_.blocks.fine_cells()));
  climatology_(sources_.members.front().times().seconds[static_cast<std::size_t>(hour)], climate);
  return climate;
}

void Baseline::interpolate(const std::vector<double>& before, const std::vector<double>& after,
                           std::span<double> fields) const {
  std::vector<double> coarse(before.size());
  std::transform(before.begin(), before.end(), after.begin(), coarse.begin(),
                 [this](double first, double second) { return between(first, second, weight_); });
  const auto coarse_cells = static_cast<std::size_t>(sources_.blocks.coarse_cells());
  const auto fine_cells = static_cast<std::size_t>(sources_.blocks.fine_cells());
  for (std::size_t i = 0; i < series_.source.variables.size(); ++i) {
    sources_.blocks.interpolate(
        std::span<const double>(coarse).subspan(i * coarse_cells, coarse_cells),
        fields.subspan(static_cast<std::size_t>(series_.source.variables[i]) * fine_cells, fine_cells));
  }
}

}  // namespace foehn::evaluation

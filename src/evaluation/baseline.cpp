#include "evaluation/baseline.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

namespace foehn::evaluation {

Baseline::Baseline(const Sources& sources, const Climatology& climatology)
    : sources_(sources), climatology_(climatology) {}

void Baseline::seek(std::int64_t hour) {
  hour_ = hour;
  const std::int64_t since_first = std::max<std::int64_t>(0, hour - sources_.first_observed_hour);
  const std::int64_t before = since_first / sources_.period;
  weight_ = static_cast<double>(since_first % sources_.period) / static_cast<double>(sources_.period);
  const std::int64_t after = weight_ > 0 ? before + 1 : before;
  if (after_.index == before) std::swap(before_, after_);
  if (before_.index != before) before_ = read(before);
  if (after_.index != after) after_ = after == before ? before_ : read(after);
}

const std::vector<double>& Baseline::nearest_observation() const {
  return weight_ <= 0.5 ? before_.values : after_.values;
}

std::int64_t Baseline::nearest_observed_hour() const {
  return sources_.first_observed_hour + (weight_ <= 0.5 ? before_ : after_).index * sources_.period;
}

void Baseline::interpolate(std::span<double> fields) const {
  interpolate(before_.values, after_.values, fields);
}

void Baseline::interpolate_anomalies(std::span<double> fields) const {
  interpolate(before_.anomalies, after_.anomalies, fields);
  std::vector<double> climate(fields.size());
  climatology_(seconds(hour_), climate);
  std::transform(fields.begin(), fields.end(), climate.begin(), fields.begin(), std::plus<>());
}

Baseline::Observation Baseline::read(std::int64_t index) const {
  const auto& blocks = sources_.blocks;
  const std::size_t variables = sources_.variables().size();
  const auto coarse_cells = static_cast<std::size_t>(blocks.coarse_cells());
  const auto fine_cells = static_cast<std::size_t>(blocks.fine_cells());

  std::vector<float> values(variables * coarse_cells);
  sources_.observations.read(index, 1, values);
  Observation observation{index, {values.begin(), values.end()}, {}};
  if (!climatology_) return observation;

  std::vector<double> climate(variables * fine_cells);
  climatology_(seconds(sources_.first_observed_hour + index * sources_.period), climate);
  std::vector<double> block_means(coarse_cells);
  for (std::size_t variable = 0; variable < variables; ++variable) {
    blocks.mean(std::span<const double>(climate).subspan(variable * fine_cells, fine_cells), block_means);
    for (std::size_t cell = 0; cell < coarse_cells; ++cell) {
      observation.anomalies.push_back(observation.values[variable * coarse_cells + cell] - block_means[cell]);
    }
  }
  return observation;
}

std::int64_t Baseline::seconds(std::int64_t hour) const {
  return sources_.members.front().times().seconds[static_cast<std::size_t>(hour)];
}

void Baseline::interpolate(const std::vector<double>& before, const std::vector<double>& after,
                           std::span<double> fields) const {
  std::vector<double> coarse(before.size());
  std::transform(before.begin(), before.end(), after.begin(), coarse.begin(),
                 [this](double first, double second) { return std::lerp(first, second, weight_); });
  const auto coarse_cells = static_cast<std::size_t>(sources_.blocks.coarse_cells());
  const auto fine_cells = static_cast<std::size_t>(sources_.blocks.fine_cells());
  for (std::size_t variable = 0; variable < sources_.variables().size(); ++variable) {
    sources_.blocks.interpolate(
        std::span<const double>(coarse).subspan(variable * coarse_cells, coarse_cells),
        fields.subspan(variable * fine_cells, fine_cells));
  }
}

}  // namespace foehn::evaluation

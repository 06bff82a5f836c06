#include "evaluation/field_statistics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace foehn::evaluation {
namespace {

/// Those of the tails, and every 40th part between: enough to draw a density.
std::vector<double> quantile_levels() {
  std::vector<double> levels = {0.001, 0.005, 0.01};
  for (int i = 1; i < 40; ++i) levels.push_back(i / 40.0);
  levels.insert(levels.end(), {0.99, 0.995, 0.999});
  return levels;
}

constexpr std::int64_t kSpectrumPoints = 8;  // along each side

}  // namespace

std::vector<std::size_t> spread_points(const TrajectoryShape& shape, std::int64_t most) {
  std::vector<std::size_t> points;
  // One row holds all cells of a list.
  const std::int64_t rows = std::min(most, shape.ny),
                     columns = std::min(shape.ny == 1 ? most * most : most, shape.nx);
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < columns; ++column)
      points.push_back(static_cast<std::size_t>((2 * row + 1) * shape.ny / (2 * rows) * shape.nx +
                                                (2 * column + 1) * shape.nx / (2 * columns)));
  return points;
}

std::vector<double> DailyCycle::means() const {
  std::vector<double> means;
  for (const Moments& hour : hours_) means.push_back(hour.mean());
  return means;
}

Ramps::Ramps(double step_hours) {
  for (const double hours : {1.0, 3.0, 6.0}) {
    const double steps = hours / step_hours;
    if (steps < 1 || steps != std::floor(steps)) continue;
    hours_.push_back(hours);
    steps_.push_back(static_cast<std::size_t>(steps));
  }
  changes_.resize(steps_.size());
  sizes_.resize(steps_.size(), QuantileSketch(0));
}

void Ramps::add(std::span<const double> values) {
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (recent_.size() < steps_[i]) continue;
    const std::vector<double>& before = recent_[recent_.size() - steps_[i]];
    for (std::size_t cell = 0; cell < values.size(); ++cell) {
      const double change = values[cell] - before[cell];
      if (std::isnan(change)) continue;
      changes_[i].add(change);
      sizes_[i].add(std::abs(change));
    }
  }
  if (steps_.empty()) return;
  recent_.emplace_back(values.begin(), values.end());
  if (recent_.size() > steps_.back()) recent_.pop_front();
}

void Ramps::append_sums(std::vector<double>& sums) const {
  for (const Moments& change : changes_) append_packed(sums, change);
}

std::vector<double> Ramps::deviations(SumReader& sums) const {
  std::vector<double> deviations;
  for (std::size_t i = 0; i < changes_.size(); ++i)
    deviations.push_back(std::sqrt(sums.next<Moments>().variance()));
  return deviations;
}

std::vector<double> Ramps::quantiles(double level) const {
  std::vector<double> quantiles;
  for (const QuantileSketch& size : sizes_) quantiles.push_back(size.quantile(level));
  return quantiles;
}

FieldStatistics::FieldStatistics(std::string variable, std::string units, const TrajectoryShape& shape,
                                 double centre)
    : variable_(std::move(variable)),
      units_(std::move(units)),
      step_hours_(shape.step_hours),
      centre_(centre),
      quantiles_(centre),
      ramps_(shape.step_hours),
      points_(spread_points(shape, kSpectrumPoints)),
      spectrum_(points_.size(), welch_segment(shape.hours, shape.step_hours)) {}

void FieldStatistics::add(const calendar::DateTime& date, std::span<const double> field) {
  for (const double value : field) {
    if (std::isnan(value)) continue;
    moments_.add(value - centre_);
    quantiles_.add(value);
    cycle_.add(date.hour, value);
  }
  ramps_.add(field);
  std::vector<double> at_points;
  for (const std::size_t point : points_) at_points.push_back(field[point]);
  spectrum_.add(at_points);
}

void FieldStatistics::append_sums(std::vector<double>& sums) const {
  append_packed(sums, moments_);
  ramps_.append_sums(sums);
}

void FieldStatistics::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const auto moments = sums.next<Moments>();
  summary.add(variable_, "mean", units_, "mean over cells and hours", centre_ + moments.mean());
  summary.add(variable_, "standard_deviation", units_, "standard deviation over cells and hours",
              std::sqrt(moments.variance()));
  summary.add_curve(variable_, "ramp_deviation", units_, "standard deviation of changes", "ramp_hours",
                    ramps_.hours(), ramps_.deviations(sums));
}

void FieldStatistics::finish_quantiles(const QuantileSketch& values, TrajectorySummary& summary) const {
  const std::vector<double> levels = quantile_levels();
  summary.add_curve(variable_, "quantile", units_, "quantiles over cells and hours", "quantile_level", levels,
                    values.quantiles(levels));
}

void FieldStatistics::finish(TrajectorySummary& summary) const {
  finish_own_sums(*this, summary);
  finish_quantiles(quantiles_, summary);
  std::vector<double> hours;
  for (int hour = 0; hour < 24; ++hour) hours.push_back(hour);
  summary.add_curve(variable_, "daily_cycle", units_, "mean by hour of the day (UTC)", "hour_of_day", hours,
                    cycle_.means());
  summary.explain_missing_interval(kNotInBlocks);
  summary.add_curve(variable_, "ramp_quantile_99", units_, "99 % quantile of the size of changes",
                    "ramp_hours", ramps_.hours(), ramps_.quantiles(0.99));
  summary.explain_missing_interval(kNotInBlocks);
  std::vector<double> periods, density = spectrum_.density();
  for (const double frequency : spectrum_.frequencies()) periods.push_back(step_hours_ / frequency);
  for (double& power : density) power *= step_hours_;  // per cycle per hour
  summary.add_curve(variable_, "temporal_spectrum", fmt::format("({})2 h", units_),
                    fmt::format("power spectral density by Welch's method at {} points", points_.size()),
                    "period_hours", periods, density);
  summary.explain_missing_interval(kNotInBlocks);
}

}  // namespace foehn::evaluation

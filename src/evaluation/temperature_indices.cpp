#include "evaluation/temperature_indices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "evaluation/bootstrap.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kFreezing = 273.15, kHot = 298.15;  // K
constexpr std::int64_t kHeatWaveDays = 5;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

TemperatureIndices::TemperatureIndices(std::string variable, const core::UnitConversion& to_kelvin,
                                       const TrajectoryShape& shape)
    : variable_(std::move(variable)),
      to_kelvin_(to_kelvin),
      steps_per_day_(std::max<std::int64_t>(1, std::llround(24 / shape.step_hours))),
      heat_waves_(static_cast<std::size_t>(shape.ny * shape.nx), kHeatWaveDays) {
  const auto cells = static_cast<std::size_t>(shape.ny * shape.nx);
  for (auto* lows : {&low_, &year_low_}) lows->assign(cells, kInfinity);
  for (auto* highs : {&high_, &year_high_}) highs->assign(cells, -kInfinity);
}

void TemperatureIndices::add(const calendar::DateTime& date, std::span<const double> field) {
  const bool is_same_day =
      day_ && day_->year == date.year && day_->month == date.month && day_->day == date.day;
  if (!is_same_day) {
    if (steps_ > 0) end_day();
    if (day_ && day_->year != date.year) end_year();
    day_ = date;
  }
  ++steps_;
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const double kelvin = to_kelvin_.scale * field[cell] + to_kelvin_.offset;
    is_whole_ = is_whole_ && !std::isnan(kelvin);
    low_[cell] = std::min(low_[cell], kelvin);
    high_[cell] = std::max(high_[cell], kelvin);
  }
  if (steps_ == steps_per_day_) end_day();
}

void TemperatureIndices::end_day() {
  if (is_whole_ && steps_ == steps_per_day_) {
    ++days_;
    ++days_of_year_;
    for (std::size_t cell = 0; cell < low_.size(); ++cell) {
      if (low_[cell] < kFreezing) ++frosts_;
      heat_waves_.add(cell, high_[cell] > kHot);
      year_low_[cell] = std::min(year_low_[cell], low_[cell]);
      year_high_[cell] = std::max(year_high_[cell], high_[cell]);
    }
  } else {
    for (std::size_t cell = 0; cell < low_.size(); ++cell) heat_waves_.add(cell, false);
  }
  steps_ = 0;
  is_whole_ = true;
  std::fill(low_.begin(), low_.end(), kInfinity);
  std::fill(high_.begin(), high_.end(), -kInfinity);
}

void TemperatureIndices::end_year() {
  if (days_of_year_ > 0) {
    const auto cells = static_cast<double>(low_.size());
    year_lows_.push_back(std::accumulate(year_low_.begin(), year_low_.end(), 0.0) / cells);
    year_highs_.push_back(std::accumulate(year_high_.begin(), year_high_.end(), 0.0) / cells);
  }
  days_of_year_ = 0;
  std::fill(year_low_.begin(), year_low_.end(), kInfinity);
  std::fill(year_high_.begin(), year_high_.end(), -kInfinity);
}

void TemperatureIndices::end() {
  if (steps_ > 0) end_day();
  end_year();
  heat_waves_.finish();
}

void TemperatureIndices::append_sums(std::vector<double>& sums) const {
  for (const std::int64_t count : {days_, frosts_, heat_waves_.steps()})
    sums.push_back(static_cast<double>(count));
}

void TemperatureIndices::add_to(TrajectorySummary& summary, double days, const char* name, const char* units,
                                const std::string& meaning, double value) const {
  summary.add(variable_, name, units, fmt::format("{}, over {} whole days", meaning, days_),
              days > 0 ? value : std::numeric_limits<double>::quiet_NaN());
}

void TemperatureIndices::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const double days = sums.next(), frosts = sums.next(), hot_days = sums.next();
  const auto cells = static_cast<double>(low_.size());
  add_to(summary, days, "frost_days", "d", "days with a minimum below 0 degC", frosts / cells);
  add_to(summary, days, "heat_wave_index", "d", "days in spells of 5 or more with maxima above 25 degC",
         hot_days / cells);
}

void TemperatureIndices::finish_years(const std::vector<std::int64_t>& times,
                                      TrajectorySummary& summary) const {
  double count = 0, high = 0, low = 0;
  for (std::size_t year = 0; year < years(); ++year) {
    const auto weight = static_cast<double>(times[year]);
    count += weight;
    high += weight * year_highs_[year];
    low += weight * year_lows_[year];
  }
  const std::string reason = fmt::format("years are drawn anew, of which there {} {}; {} are needed",
                                         years() == 1 ? "is" : "are", years(), kFewestBootstrapBlocks);
  const auto days = static_cast<double>(days_);
  add_to(summary, days, "tx_max", "K", "highest daily maximum of a year", high / count);
  summary.explain_missing_interval(reason);
  add_to(summary, days, "tn_min", "K", "lowest daily minimum of a year", low / count);
  summary.explain_missing_interval(reason);
}

void TemperatureIndices::finish(TrajectorySummary& summary) {
  end();
  finish_years(std::vector<std::int64_t>(years(), 1), summary);
  finish_own_sums(*this, summary);
}

}  // namespace foehn::evaluation

#include "evaluation/temperature_indices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

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
    if (day_) end_day();
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
    ++years_;
    sum_low_ += std::accumulate(year_low_.begin(), year_low_.end(), 0.0);
    sum_high_ += std::accumulate(year_high_.begin(), year_high_.end(), 0.0);
  }
  days_of_year_ = 0;
  std::fill(year_low_.begin(), year_low_.end(), kInfinity);
  std::fill(year_high_.begin(), year_high_.end(), -kInfinity);
}

void TemperatureIndices::finish(TrajectorySummary& summary) {
  if (day_) end_day();
  end_year();
  heat_waves_.finish();
  const auto cells = static_cast<double>(low_.size());
  const std::string days = fmt::format(", over {} whole days", days_);
  const auto add = [&](const char* name, const char* units, const std::string& meaning, double value) {
    summary.add(variable_, name, units, meaning,
                days_ > 0 ? value : std::numeric_limits<double>::quiet_NaN());
  };
  const double year_cells = static_cast<double>(years_) * cells;
  add("tx_max", "K", "highest daily maximum of a year" + days, sum_high_ / year_cells);
  add("tn_min", "K", "lowest daily minimum of a year" + days, sum_low_ / year_cells);
  add("frost_days", "d", "days with a minimum below 0 degC" + days, static_cast<double>(frosts_) / cells);
  add("heat_wave_index", "d", "days in spells of 5 or more with maxima above 25 degC" + days,
      static_cast<double>(heat_waves_.steps()) / cells);
}

}  // namespace foehn::evaluation

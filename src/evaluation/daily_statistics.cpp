#include "evaluation/daily_statistics.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace foehn::evaluation {
namespace {

constexpr std::array kReturnDays = {10.0, 30.0, 100.0, 365.0, 3650.0};
constexpr std::array<std::int64_t, 4> kSpellDays = {1, 3, 5, 7};
constexpr double kDaysPerYear = 365.25;

/// The mean over cells of a quantile; NaN where one has none.
double mean_quantile(const CellHistograms& histograms, std::size_t cells, double level) {
  const CellHistograms* one = &histograms;
  double sum = 0;
  for (std::size_t cell = 0; cell < cells; ++cell)
    sum += CellHistograms::quantile(std::span(&one, 1), cell, level);
  return sum / static_cast<double>(cells);
}

}  // namespace

DailyStatistics::DailyStatistics(std::string variable, std::string units, const TrajectoryShape& shape,
                                 std::size_t place, const LocalClimate* climate)
    : variable_(std::move(variable)),
      units_(std::move(units)),
      steps_per_day_(
          std::max<std::int64_t>(1, shape.step_hours > 0 ? std::llround(24 / shape.step_hours) : 1)),
      first_(place * static_cast<std::size_t>(shape.ny * shape.nx)),
      climate_(climate),
      sum_(static_cast<std::size_t>(shape.ny * shape.nx)),
      low_(sum_),
      high_(sum_),
      maxima_(sum_.size()),
      minima_(sum_.size()) {
  if (climate_ == nullptr) return;
  for (const std::int64_t days : kSpellDays) spells_.emplace_back(sum_.size(), days);
}

void DailyStatistics::add(const calendar::DateTime& date, std::span<const double> field) {
  if (day_ && (day_->year != date.year || day_->month != date.month || day_->day != date.day)) end_day();
  day_ = date;
  if (steps_++ == 0)
    for (auto* values : {&sum_, &low_, &high_}) std::fill(values->begin(), values->end(), 0.0);
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const double value = field[cell];
    sum_[cell] += value;  // NaN if any is
    low_[cell] = steps_ == 1 ? value : std::min(low_[cell], value);
    high_[cell] = steps_ == 1 ? value : std::max(high_[cell], value);
  }
}

void DailyStatistics::end_day() {
  const bool is_whole = steps_ == steps_per_day_;
  if (is_whole) ++days_;
  const std::vector<double>* thresholds = climate_ == nullptr ? nullptr : &climate_->tails(*day_).high_days;
  for (std::size_t cell = 0; cell < sum_.size(); ++cell) {
    const double mean = sum_[cell] / static_cast<double>(steps_per_day_);
    const bool is_high = is_whole && thresholds != nullptr && mean > (*thresholds)[first_ + cell];
    for (Spells& spells : spells_) spells.add(cell, is_high);
    if (!is_whole || std::isnan(mean)) continue;
    maxima_.add(cell, high_[cell]);
    minima_.add(cell, low_[cell]);
  }
  steps_ = 0;
}

void DailyStatistics::finish(TrajectorySummary& summary) {
  if (day_ && steps_ > 0) end_day();
  maxima_.finish();
  minima_.finish();
  std::vector<double> high, low;
  for (const double days : kReturnDays) {
    const bool has_so_many = static_cast<double>(days_) >= days;
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    high.push_back(has_so_many ? mean_quantile(maxima_, sum_.size(), 1 - 1 / days) : undefined);
    low.push_back(has_so_many ? mean_quantile(minima_, sum_.size(), 1 / days) : undefined);
  }
  const std::vector<double> return_days(kReturnDays.begin(), kReturnDays.end());
  summary.add_curve(variable_, "return_level_high", units_,
                    "what daily maxima exceed once in so many days, mean over cells", "return_days",
                    return_days, high);
  summary.add_curve(variable_, "return_level_low", units_,
                    "what daily minima stay below once in so many days, mean over cells", "return_days",
                    return_days, low);
  if (climate_ == nullptr) return;
  std::vector<double> lengths, counts;
  for (std::size_t i = 0; i < spells_.size(); ++i) {
    spells_[i].finish();
    lengths.push_back(static_cast<double>(kSpellDays[i]));
    counts.push_back(days_ == 0 ? std::numeric_limits<double>::quiet_NaN()
                                : static_cast<double>(spells_[i].count()) / static_cast<double>(sum_.size()) *
                                      kDaysPerYear / static_cast<double>(days_));
  }
  summary.add_curve(
      variable_, "high_spells", "1",
      "spells per cell and year of so many days or more whose means lie above the truth's local "
      "and seasonal 90 % quantile",
      "spell_days", lengths, counts);
}

}  // namespace foehn::evaluation

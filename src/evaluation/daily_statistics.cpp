#include "evaluation/daily_statistics.hpp"

#include <fmt/format.h>

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
constexpr const char* kNoHigherDay = "days drawn anew hold none beyond the highest and the lowest";

constexpr std::int64_t kMostCells = 64;  // along each side, of return levels

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
      points_(spread_points(shape, kMostCells)),
      maxima_(points_.size()),
      minima_(points_.size()),
      annual_(variable_, units_, shape) {
  if (climate_ == nullptr) return;
  for (const std::int64_t days : kSpellDays) spells_.emplace_back(sum_.size(), days);
}

void DailyStatistics::add(const calendar::DateTime& date, std::span<const double> field) {
  const bool is_other =
      day_ && (day_->year != date.year || day_->month != date.month || day_->day != date.day);
  if (is_other && steps_ > 0) end_day();
  day_ = date;
  if (steps_++ == 0)
    for (auto* values : {&sum_, &low_, &high_}) std::fill(values->begin(), values->end(), 0.0);
  for (std::size_t cell = 0; cell < field.size(); ++cell) {
    const double value = field[cell];
    sum_[cell] += value;  // NaN if any is
    low_[cell] = steps_ == 1 ? value : std::min(low_[cell], value);
    high_[cell] = steps_ == 1 ? value : std::max(high_[cell], value);
  }
  if (steps_ == steps_per_day_) end_day();
}

void DailyStatistics::end_day() {
  const bool is_whole = steps_ == steps_per_day_;
  if (is_whole) {
    ++days_;
    annual_.add_day(day_->year, high_, low_);
  }
  const std::vector<double>* thresholds = climate_ == nullptr ? nullptr : &climate_->tails(*day_).high_days;
  for (std::size_t cell = 0; cell < sum_.size(); ++cell) {
    const double mean = sum_[cell] / static_cast<double>(steps_per_day_);
    const bool is_high = is_whole && thresholds != nullptr && mean > (*thresholds)[first_ + cell];
    for (Spells& spells : spells_) spells.add(cell, is_high);
  }
  for (std::size_t point = 0; is_whole && point < points_.size(); ++point) {
    const std::size_t cell = points_[point];
    if (std::isnan(sum_[cell])) continue;
    maxima_.add(point, high_[cell]);
    minima_.add(point, low_[cell]);
  }
  steps_ = 0;
}

void DailyStatistics::end() {
  if (steps_ > 0) end_day();
  annual_.end();
  for (Spells& spells : spells_) spells.finish();
}

void DailyStatistics::append_sums(std::vector<double>& sums) const {
  sums.push_back(static_cast<double>(days_));
  for (const Spells& spells : spells_) sums.push_back(static_cast<double>(spells.count()));
}

void DailyStatistics::finish_sums(SumReader& sums, TrajectorySummary& summary) const {
  const double days = sums.next();
  if (climate_ == nullptr) return;
  std::vector<double> lengths, counts;
  for (std::size_t i = 0; i < spells_.size(); ++i) {
    lengths.push_back(static_cast<double>(kSpellDays[i]));
    const double per_cell = sums.next() / static_cast<double>(sum_.size());
    counts.push_back(days == 0 ? std::numeric_limits<double>::quiet_NaN() : per_cell * kDaysPerYear / days);
  }
  summary.add_curve(
      variable_, "high_spells", "year-1",
      "spells per cell and year of so many days or more whose means lie above the truth's local "
      "and seasonal 90 % quantile",
      "spell_days", lengths, counts);
}

void DailyStatistics::finish(TrajectorySummary& summary) {
  end();
  maxima_.finish();
  minima_.finish();
  std::vector<double> high, low;
  for (const double days : kReturnDays) {
    const bool has_so_many = static_cast<double>(days_) >= days;
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    high.push_back(has_so_many ? mean_quantile(maxima_, points_.size(), 1 - 1 / days) : undefined);
    low.push_back(has_so_many ? mean_quantile(minima_, points_.size(), 1 / days) : undefined);
  }
  const std::string where = fmt::format(", mean over {} cells", points_.size());
  const std::vector<double> return_days(kReturnDays.begin(), kReturnDays.end());
  summary.add_curve(variable_, "return_level_high", units_,
                    "what daily maxima exceed once in so many days" + where, "return_days", return_days,
                    high);
  summary.explain_missing_interval(kNoHigherDay);
  summary.add_curve(variable_, "return_level_low", units_,
                    "what daily minima stay below once in so many days" + where, "return_days", return_days,
                    low);
  summary.explain_missing_interval(kNoHigherDay);
  annual_.finish_years(std::vector<std::int64_t>(annual_.years(), 1), summary);
  finish_own_sums(*this, summary);
}

}  // namespace foehn::evaluation

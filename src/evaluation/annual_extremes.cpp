#include "evaluation/annual_extremes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "evaluation/extreme_values.hpp"

namespace foehn::evaluation {
namespace {

constexpr std::array kReturnYears = {2.0, 5.0, 10.0, 20.0, 50.0, 100.0};
constexpr std::int64_t kDaysOfAYear = 350;
constexpr std::size_t kFewestYears = 10;
constexpr double kYearsPerYear = 2;  ///< of the longest return period, per year of data
constexpr std::int64_t kMostPoints = 16;
constexpr double kNoExtreme = std::numeric_limits<double>::quiet_NaN();

}  // namespace

AnnualExtremes::AnnualExtremes(std::string variable, std::string units, const TrajectoryShape& shape)
    : variable_(std::move(variable)),
      units_(std::move(units)),
      points_(spread_points(shape, kMostPoints)),
      year_high_(points_.size(), kNoExtreme),
      year_low_(points_.size(), kNoExtreme) {}

void AnnualExtremes::add_day(std::int64_t year, std::span<const double> high, std::span<const double> low) {
  if (year_ && *year_ != year) end();
  year_ = year;
  ++days_;
  for (std::size_t point = 0; point < points_.size(); ++point) {
    // fmax and fmin take the other where one is NaN.
    year_high_[point] = std::fmax(year_high_[point], high[points_[point]]);
    year_low_[point] = std::fmin(year_low_[point], low[points_[point]]);
  }
}

void AnnualExtremes::end() {
  if (days_ >= kDaysOfAYear) {
    highest_.push_back(year_high_);
    lowest_.push_back(year_low_);
  }
  days_ = 0;
  for (auto* values : {&year_high_, &year_low_}) std::fill(values->begin(), values->end(), kNoExtreme);
}

/// @param sign  -1: of minima
std::vector<double> AnnualExtremes::levels(const std::vector<std::vector<double>>& years,
                                           const std::vector<std::int64_t>& times, double sign) const {
  std::vector<double> sums(kReturnYears.size(), kNoExtreme);
  if (years.size() < kFewestYears) return sums;
  std::fill(sums.begin(), sums.end(), 0.0);
  double fits = 0;
  std::vector<std::size_t> order(years.size());
  std::vector<double> ascending(years.size()), weights(years.size());
  for (std::size_t point = 0; point < points_.size(); ++point) {
    const auto is_missing = [&](const std::vector<double>& year) { return std::isnan(year[point]); };
    if (std::any_of(years.begin(), years.end(), is_missing)) continue;
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
      return sign * years[one][point] < sign * years[other][point];
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
      ascending[i] = sign * years[order[i]][point];
      weights[i] = static_cast<double>(times[order[i]]);
    }
    const ExtremeValueDistribution fit = fit_extreme_values(ascending, weights);
    if (std::isnan(fit.location) || std::isnan(fit.shape)) continue;
    ++fits;
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += sign * fit.level(1 / kReturnYears[i]);
  }
  for (std::size_t i = 0; i < sums.size(); ++i)
    sums[i] =
        kReturnYears[i] > kYearsPerYear * static_cast<double>(years.size()) ? kNoExtreme : sums[i] / fits;
  return sums;
}

void AnnualExtremes::finish_years(const std::vector<std::int64_t>& times, TrajectorySummary& summary) const {
  const std::vector<double> at(kReturnYears.begin(), kReturnYears.end());
  const std::string how = fmt::format(
      "once in so many years, by generalised extreme value distributions of {} whole years{}, mean over {} "
      "cells",
      years(), years() < kFewestYears ? fmt::format(" ({} needed)", kFewestYears) : "", points_.size());
  summary.add_curve(variable_, "gev_return_level_high", units_, "what annual maxima exceed " + how,
                    "return_years", at, levels(highest_, times, 1));
  summary.add_curve(variable_, "gev_return_level_low", units_, "what annual minima stay below " + how,
                    "return_years", at, levels(lowest_, times, -1));
}

}  // namespace foehn::evaluation

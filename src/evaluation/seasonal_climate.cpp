#include "evaluation/seasonal_climate.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace foehn::evaluation {
namespace {

constexpr std::size_t kQuarterCount = kSeasons.size() - 1;
constexpr double kNoLimit = std::numeric_limits<double>::infinity();

void add_finite(double value, double& sum, double& count) {
  if (!std::isfinite(value)) return;
  sum += value;
  ++count;
}

}  // namespace

std::size_t quarter_of(int month) {
  return static_cast<std::size_t>(month % 12 / 3);
}

SeasonalClimate::Extremes::Extremes(std::size_t cells)
    : low(cells, kNoLimit), high(cells, -kNoLimit), lows(cells), highs(cells) {}

SeasonalClimate::SeasonalClimate(std::size_t cells)
    : cells_(cells),
      totals_(kQuarterCount, Totals(cells)),
      histograms_(kQuarterCount, CellHistograms(cells)),
      extremes_(kSeasons.size(), Extremes(cells)) {}

void SeasonalClimate::add(const calendar::DateTime& date, std::span<const double> field) {
  if (date.year != year_) end_year();
  year_ = date.year;
  const std::size_t quarter = quarter_of(date.month);
  for (std::size_t cell = 0; cell < cells_; ++cell) {
    const double value = field[cell];
    if (std::isnan(value)) continue;
    totals_[quarter].sums[cell] += value;
    ++totals_[quarter].counts[cell];
    histograms_[quarter].add(cell, value);
    for (const std::size_t season : {std::size_t{0}, quarter + 1}) {
      Extremes& extremes = extremes_[season];
      extremes.low[cell] = std::min(extremes.low[cell], value);
      extremes.high[cell] = std::max(extremes.high[cell], value);
    }
  }
}

void SeasonalClimate::end_year() {
  for (Extremes& extremes : extremes_) {
    for (std::size_t cell = 0; cell < cells_; ++cell) {
      add_finite(extremes.low[cell], extremes.lows.sums[cell], extremes.lows.counts[cell]);
      add_finite(extremes.high[cell], extremes.highs.sums[cell], extremes.highs.counts[cell]);
    }
    std::fill(extremes.low.begin(), extremes.low.end(), kNoLimit);
    std::fill(extremes.high.begin(), extremes.high.end(), -kNoLimit);
  }
}

std::vector<double> SeasonalClimate::mean(std::size_t season) const {
  std::vector<double> sums(cells_, 0), counts(cells_, 0);
  for (std::size_t quarter = 0; quarter < kQuarterCount; ++quarter) {
    if (season > 0 && quarter != season - 1) continue;
    for (std::size_t cell = 0; cell < cells_; ++cell) {
      sums[cell] += totals_[quarter].sums[cell];
      counts[cell] += totals_[quarter].counts[cell];
    }
  }
  for (std::size_t cell = 0; cell < cells_; ++cell) sums[cell] /= counts[cell];
  return sums;
}

std::vector<double> SeasonalClimate::quantiles(std::size_t season, double level) const {
  std::vector<const CellHistograms*> histograms;
  for (std::size_t quarter = 0; quarter < kQuarterCount; ++quarter)
    if (season == 0 || quarter == season - 1) histograms.push_back(&histograms_[quarter]);
  std::vector<double> quantiles;
  for (std::size_t cell = 0; cell < cells_; ++cell)
    quantiles.push_back(CellHistograms::quantile(histograms, cell, level));
  return quantiles;
}

std::vector<double> SeasonalClimate::finish() {
  end_year();
  for (CellHistograms& histograms : histograms_) histograms.finish();
  const auto means_of = [&](const Totals& totals) {
    std::vector<double> means = totals.sums;
    for (std::size_t cell = 0; cell < cells_; ++cell) means[cell] /= totals.counts[cell];
    return means;
  };
  const auto statistic_of = [&](ClimateStatistic statistic, std::size_t season) {
    switch (statistic) {
      case ClimateStatistic::mean:
        return mean(season);
      case ClimateStatistic::minimum:
        return means_of(extremes_[season].lows);
      case ClimateStatistic::quantile_01:
        return quantiles(season, 0.01);
      case ClimateStatistic::quantile_50:
        return quantiles(season, 0.5);
      case ClimateStatistic::quantile_99:
        return quantiles(season, 0.99);
      case ClimateStatistic::maximum:
        break;
    }
    return means_of(extremes_[season].highs);
  };
  std::vector<double> statistics;
  for (std::size_t season = 0; season < kSeasons.size(); ++season)
    for (const ClimateStatistic statistic : kClimateStatistics) {
      const std::vector<double> values = statistic_of(statistic, season);
      statistics.insert(statistics.end(), values.begin(), values.end());
    }
  return statistics;
}

}  // namespace foehn::evaluation

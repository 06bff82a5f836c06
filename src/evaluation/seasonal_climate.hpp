#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "evaluation/cell_histograms.hpp"
#include "foehn/calendar/date_time.hpp"
#include "foehn/evaluation/climate_change.hpp"

namespace foehn::evaluation {

/// 0 for December to February, and so on.
std::size_t quarter_of(int month);

/// Gathers the statistics of a variable by season and cell, hour by hour, in memory that does not grow with
/// the hours.
class SeasonalClimate {
 public:
  explicit SeasonalClimate(std::size_t cells);

  /// Adds the next hour; hours must be in order of time. @param field  one value per cell; NaN is left out
  void add(const calendar::DateTime& date, std::span<const double> field);

  /// The statistics, [season, statistic, cell] in the order of kSeasons and kClimateStatistics; NaN where a
  /// cell has no values. To be called once, after the last hour.
  std::vector<double> finish();

 private:
  struct Totals {
    explicit Totals(std::size_t cells) : sums(cells, 0), counts(cells, 0) {}
    std::vector<double> sums, counts;
  };
  /// Of one of kSeasons: the extremes of the year so far, and those of the years before.
  struct Extremes {
    explicit Extremes(std::size_t cells);
    std::vector<double> low, high;
    Totals lows, highs;
  };

  void end_year();
  std::vector<double> mean(std::size_t season) const;
  std::vector<double> quantiles(std::size_t season, double level) const;

  std::size_t cells_;
  std::int64_t year_ = 0;
  std::vector<Totals> totals_;              ///< of the four seasons
  std::vector<CellHistograms> histograms_;  ///< likewise
  std::vector<Extremes> extremes_;          ///< in the order of kSeasons
};

}  // namespace foehn::evaluation

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluation/annual_extremes.hpp"
#include "evaluation/cell_histograms.hpp"
#include "evaluation/field_statistics.hpp"
#include "evaluation/local_climate.hpp"
#include "evaluation/spells.hpp"
#include "evaluation/sum_reader.hpp"
#include "foehn/calendar/date_time.hpp"

namespace foehn::evaluation {

/// Statistics of the whole days (UTC) of one variable of one trajectory, means over cells: return levels of
/// daily maxima and minima, and, where the truth's climate is known, spells of days whose mean lies above its
/// local and seasonal 90 % quantile. Return levels are those of up to 64 x 64 cells spread evenly, which take
/// 1 kB each, however many days there are.
class DailyStatistics {
 public:
  /// @param place    of the variable among the climate's
  /// @param climate  outlives this; null: not known
  DailyStatistics(std::string variable, std::string units, const TrajectoryShape& shape, std::size_t place,
                  const LocalClimate* climate);

  /// Adds the next hour. @param field  [cell]; a day with NaN in a cell is none of that cell's
  void add(const calendar::DateTime& date, std::span<const double> field);
  /// `return_level_high` and `return_level_low` by `return_days`: what a daily maximum exceeds, and a minimum
  /// stays below, once in 10, 30, 100, 365 and 3650 days, as far as there are so many; those of
  /// AnnualExtremes; and
  /// `high_spells` by `spell_days`: how many spells of 1, 3, 5 and 7 days or more a year has.
  void finish(TrajectorySummary& summary);
  /// Ends the last day, and the spells that are still open.
  void end();
  void append_sums(std::vector<double>& sums) const;
  /// `high_spells`, out of such sums; a spell is of the hours in which it ends.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  /// The highest and lowest values of each year.
  const AnnualExtremes& years() const { return annual_; }

 private:
  void end_day();

  std::string variable_, units_;
  std::int64_t steps_per_day_;
  std::size_t first_;  ///< of the variable's cells in the climate
  const LocalClimate* climate_;
  std::optional<calendar::DateTime> day_;
  std::int64_t steps_ = 0;  ///< of the day so far
  std::vector<double> sum_, low_, high_;
  std::int64_t days_ = 0;
  std::vector<std::size_t> points_;  ///< cells
  CellHistograms maxima_, minima_;   ///< [point]
  AnnualExtremes annual_;
  std::vector<Spells> spells_;
};

}  // namespace foehn::evaluation

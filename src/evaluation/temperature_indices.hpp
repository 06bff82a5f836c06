#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluation/field_statistics.hpp"
#include "evaluation/spells.hpp"
#include "evaluation/sum_reader.hpp"
#include "foehn/core/units.hpp"

namespace foehn::evaluation {

/// Climate indices of one trajectory's temperature, out of the highest and lowest hourly value of each whole
/// day (UTC), means over cells; as xclim names and defines them: `tx_max` (TXx) and `tn_min` (TNn), which are
/// means over the calendar years scored; `frost_days` (daily minimum below 0 degC) and `heat_wave_index`
/// (days in spells of five days or more with maxima above 25 degC), which are counts over the hours scored.
class TemperatureIndices {
 public:
  /// @param to_kelvin  of the variable's values
  TemperatureIndices(std::string variable, const core::UnitConversion& to_kelvin,
                     const TrajectoryShape& shape);

  /// Adds the next hour. @param field  [y, x]; a day with NaN is left out
  void add(const calendar::DateTime& date, std::span<const double> field);
  /// Ends the last day, and the spells that are still open.
  void end();
  void append_sums(std::vector<double>& sums) const;
  /// `frost_days` and `heat_wave_index`, out of such sums; a spell is of the hours in which it ends.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  void finish(TrajectorySummary& summary);
  /// How many calendar years there are, whole or not.
  std::size_t years() const { return year_lows_.size(); }
  /// `tx_max` and `tn_min`. @param times  how often each year is taken
  void finish_years(const std::vector<std::int64_t>& times, TrajectorySummary& summary) const;

 private:
  void add_to(TrajectorySummary& summary, double days, const char* name, const char* units,
              const std::string& meaning, double value) const;
  void end_day();
  void end_year();

  std::string variable_;
  core::UnitConversion to_kelvin_;
  std::int64_t steps_per_day_;
  std::optional<calendar::DateTime> day_;
  std::int64_t steps_ = 0;          ///< of the day so far
  bool is_whole_ = true;            ///< no value of the day was missing
  std::vector<double> low_, high_;  ///< of the day, by cell, K
  std::vector<double> year_low_, year_high_;
  std::int64_t days_ = 0, days_of_year_ = 0, frosts_ = 0;
  std::vector<double> year_lows_, year_highs_;  ///< of each year, means over cells, K
  Spells heat_waves_;
};

}  // namespace foehn::evaluation

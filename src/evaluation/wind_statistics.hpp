#pragma once

#include <span>
#include <string>

#include "evaluation/field_statistics.hpp"
#include "evaluation/spells.hpp"
#include "evaluation/sum_reader.hpp"
#include "foehn/evaluation/power_curve.hpp"

namespace foehn::evaluation {

/// What a wind turbine in every cell would make of one trajectory's wind at 10 m: capacity factor, its daily
/// cycle and ramps, and spells in which the wind at the hub stays below the cut-in speed.
class WindStatistics {
 public:
  /// @param curve  outlives this
  WindStatistics(const PowerCurve& curve, const TrajectoryShape& shape);

  /// Adds the next hour. @param speeds  at 10 m, m s-1, [y, x]; NaN is left out, and ends a spell
  void add(const calendar::DateTime& date, std::span<const double> speeds);
  /// Ends the spells that are still open.
  void end();
  void append_sums(std::vector<double>& sums) const;
  /// `capacity_factor`, `ramp_deviation`, `low_wind_fraction`, `low_wind_spell_mean` and
  /// `low_wind_spells_24h`, out of such sums; a spell is of the hours in which it ends.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  void finish(TrajectorySummary& summary);

 private:
  /// In words.
  std::string low_wind() const;

  const PowerCurve& curve_;
  double step_hours_;
  std::size_t cells_;
  Moments power_;
  QuantileSketch powers_;
  DailyCycle cycle_;
  Ramps ramps_;
  Spells low_, day_long_;
};

}  // namespace foehn::evaluation

#pragma once

#include <string>
#include <vector>

namespace foehn::evaluation {

/// One statistic of trajectories, each taken by itself: a number, or a curve along an abscissa. What is not
/// defined is NaN.
struct TrajectoryStatistic {
  std::string variable;  ///< of the members; or wind_speed, wind_power, storm_tracks and the like
  std::string name;
  std::string units;
  std::string meaning;
  /// hour_of_day, quantile_level, ramp_hours, period_hours, exceeded_percent, return_days, return_years or
  /// spell_days; empty: one number.
  std::string abscissa;
  std::vector<double> at;               ///< the abscissa's values
  std::vector<double> members;          ///< mean over the members
  std::vector<double> lowest, highest;  ///< of the members
  std::vector<double> truth;            ///< empty without a reference
  std::vector<double> interpolation;    ///< of the observations, where none that it needs is missing
  std::vector<double> observations;     ///< of the observations themselves; of quantiles alone, else empty
  /// Of each number, members minus truth in bootstrap samples; empty where there are none, NaN where it is
  /// not defined.
  std::vector<std::vector<double>> replicates;
  /// Why there are no such samples, where other statistics have some; empty otherwise.
  std::string no_interval;

  std::size_t size() const { return abscissa.empty() ? 1 : at.size(); }
};

}  // namespace foehn::evaluation

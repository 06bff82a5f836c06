#pragma once

#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// Gathers the statistics of one trajectory: what they are, and their numbers.
class TrajectorySummary {
 public:
  /// Adds one number. @param value  NaN where it is not defined
  void add(const std::string& variable, const std::string& name, const std::string& units,
           const std::string& meaning, double value);
  /// Adds numbers along an abscissa. @param abscissa  one of "hour_of_day", "quantile_level", "ramp_hours",
  /// "period_hours", "exceeded_percent", "return_days", "return_years", "spell_days", whose values are the
  /// same for all variables
  void add_curve(const std::string& variable, const std::string& name, const std::string& units,
                 const std::string& meaning, const std::string& abscissa, const std::vector<double>& at,
                 const std::vector<double>& values);
  /// Says why what was added last has no interval. @param reason  "days drawn anew cannot ..."
  void explain_missing_interval(const std::string& reason) { kinds_.back().no_interval = reason; }

  /// Statistics without numbers, in the order in which they were added.
  const std::vector<TrajectoryStatistic>& kinds() const { return kinds_; }
  const std::vector<double>& values() const { return values_; }

 private:
  std::vector<TrajectoryStatistic> kinds_;
  std::vector<double> values_;
};

}  // namespace foehn::evaluation

#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "evaluation/quantile_sketch.hpp"
#include "evaluation/sum_reader.hpp"
#include "evaluation/sums.hpp"
#include "evaluation/temporal_spectrum.hpp"
#include "evaluation/trajectory_summary.hpp"
#include "foehn/calendar/date_time.hpp"

namespace foehn::evaluation {

/// Why what is gathered over all hours alone has no interval.
inline constexpr const char* kNotInBlocks = "it is gathered over all hours at once, not by blocks of days";

/// What trajectories have in common: how long they are and how their time is cut.
struct TrajectoryShape {
  std::int64_t ny = 0, nx = 0;
  std::int64_t hours = 0;
  double step_hours = 1;
};

/// Cells spread evenly, at most so many along each side, or their square in one row.
std::vector<std::size_t> spread_points(const TrajectoryShape& shape, std::int64_t most);

/// Means by hour of the day.
class DailyCycle {
 public:
  void add(int hour, double value) { hours_[static_cast<std::size_t>(hour)].add(value); }
  /// [24]; NaN for an hour without values.
  std::vector<double> means() const;

 private:
  std::vector<Moments> hours_ = std::vector<Moments>(24);
};

/// Changes of fields over 1, 3 and 6 h, as far as these are whole numbers of steps.
class Ramps {
 public:
  explicit Ramps(double step_hours);

  /// Adds the next step's values, one per cell; those with NaN at either end are left out.
  void add(std::span<const double> values);
  const std::vector<double>& hours() const { return hours_; }
  void append_sums(std::vector<double>& sums) const;
  /// Their standard deviations, out of such sums.
  std::vector<double> deviations(SumReader& sums) const;
  /// Quantiles of the size of changes.
  std::vector<double> quantiles(double level) const;

 private:
  std::vector<double> hours_;
  std::vector<std::size_t> steps_;
  std::vector<Moments> changes_;
  std::vector<QuantileSketch> sizes_;
  std::deque<std::vector<double>> recent_;  ///< the latest last
};

/// Statistics of one variable of one trajectory over cells and hours: mean, deviation, quantiles, daily
/// cycle, ramps, and the spectrum in time at up to 64 points spread evenly. Values that are NaN are left out.
class FieldStatistics {
 public:
  /// @param centre  near the middle of the values; the same for all trajectories
  FieldStatistics(std::string variable, std::string units, const TrajectoryShape& shape, double centre);

  /// Adds the next hour. @param field  [y, x]
  void add(const calendar::DateTime& date, std::span<const double> field);
  void append_sums(std::vector<double>& sums) const;
  /// `mean`, `standard_deviation` and `ramp_deviation`, out of such sums.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  /// `quantile`, of a distribution of the values.
  void finish_quantiles(const QuantileSketch& values, TrajectorySummary& summary) const;
  void finish(TrajectorySummary& summary) const;
  /// The distribution of the values.
  const QuantileSketch& values() const { return quantiles_; }

 private:
  std::string variable_, units_;
  double step_hours_, centre_;
  Moments moments_;
  QuantileSketch quantiles_;
  DailyCycle cycle_;
  Ramps ramps_;
  std::vector<std::size_t> points_;  ///< cells
  TemporalSpectrum spectrum_;
};

}  // namespace foehn::evaluation

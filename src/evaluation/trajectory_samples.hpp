#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "evaluation/trajectory_summary.hpp"
#include "foehn/evaluation/trajectory_statistic.hpp"

namespace foehn::evaluation {

/// Bootstrap samples of the numbers of trajectories: first of all blocks of hours together, then of each
/// sample.
class TrajectorySamples {
 public:
  TrajectorySamples() = default;
  /// @param kinds    the statistics whose numbers a sample has, one after the other
  /// @param samples  of some of them; the numbers of the others are NaN
  TrajectorySamples(const std::vector<TrajectoryStatistic>& kinds,
                    const std::vector<TrajectorySummary>& samples);

  /// Puts further numbers behind those of each sample. @pre as many samples
  void append(const TrajectorySamples& others);
  /// Adds the numbers of another trajectory.
  void add(const TrajectorySamples& other);

  void append_to(std::vector<double>& packed) const;
  /// Takes what append_to wrote. @return  the numbers behind it
  std::span<const double> take_from(std::span<const double> packed);

  /// Gives statistics the samples of their mean over the members minus the truth: what the blocks of each
  /// sample change is added to the statistics' own difference. None without samples.
  /// @param members     sums over so many members
  static void give_to(std::vector<TrajectoryStatistic>& statistics, const TrajectorySamples& members,
                      std::size_t count, const TrajectorySamples& truth);

 private:
  double at(std::size_t sample, std::size_t number) const { return values_[sample * numbers_ + number]; }

  std::size_t samples_ = 0, numbers_ = 0;
  std::vector<double> values_;  ///< [sample, number]
};

}  // namespace foehn::evaluation

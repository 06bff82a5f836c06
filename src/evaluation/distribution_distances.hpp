#pragma once

#include <span>
#include <string>
#include <vector>

#include "evaluation/block_distributions.hpp"
#include "evaluation/projected_distributions.hpp"
#include "evaluation/quantile_sketch.hpp"
#include "evaluation/trajectory_summary.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Kullback-Leibler divergence of a trajectory's distribution from the truth's, in nats: the sum over bins of
/// p ln(p / q), p the truth's and q the trajectory's part of a bin. Bins lie between the truth's 2, 4, ...,
/// 98 % quantiles, where these differ, and beyond; half a value is added to each, so that none is empty.
/// @param trajectory, truth  with the same centre; NaN if one is empty
double kullback_leibler(const QuantileSketch& trajectory, const QuantileSketch& truth);

/// A variable (or the wind speed) whose distribution over cells and hours is compared.
struct ComparedVariable {
  std::string name;
  std::string units;
  double centre = 0;  ///< of its sketches
};

/// How far the distributions of trajectories lie from those of the truth.
class DistributionDistances {
 public:
  explicit DistributionDistances(std::vector<ComparedVariable> variables);

  /// What is to be known of a trajectory, to be handed to the functions below.
  /// @param sketches  one per variable
  /// @param blocks    of each block of hours one per variable, in steps that are the same for all
  static std::vector<double> pack(const std::vector<const QuantileSketch*>& sketches,
                                  const ProjectedDistributions& projections,
                                  const std::vector<Distributions>& blocks);
  /// Must come before any other trajectory.
  void set_truth(std::span<const double> packed);
  /// Adds `wasserstein_1` and `kullback_leibler` of each variable, and `sliced_wasserstein` of all together.
  void add_distances(std::span<const double> packed, TrajectorySummary& summary) const;
  /// The same out of the blocks: of all, then of each bootstrap sample, which draws the same blocks of
  /// the trajectory and of the truth; empty where there are too few blocks.
  std::vector<TrajectorySummary> resampled(std::span<const double> packed,
                                           const BootstrapOptions& options) const;

 private:
  struct Unpacked {
    Distributions sketches;
    std::vector<double> projections;
    std::vector<std::vector<double>> projection_blocks;
    std::vector<Distributions> blocks;
  };
  Unpacked unpack(std::span<const double> packed) const;
  static void add_sliced(double distance, TrajectorySummary& summary);
  void add(const Distributions& found, const Distributions& truth, TrajectorySummary& summary) const;

  std::vector<ComparedVariable> variables_;
  Unpacked truth_;
};

}  // namespace foehn::evaluation

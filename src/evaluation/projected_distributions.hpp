#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/local_climate.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// How neighbouring cells of all variables vary together in one trajectory, for the sliced Wasserstein
/// distance (Bonneel et al. 2015, doi:10.1007/s10851-014-0506-3): vectors of tiles of 3 x 3 cells of all
/// variables, standardised by cell, projected on 100 directions that are drawn from a fixed seed, evenly over
/// all directions; of each the distribution over tiles and hours, every third hour or at every one where they
/// are rarer. Takes 0.8 MB, and 13 kB for each block of hours, however many hours there are. The blocks have
/// a quarter of the directions, in wide bins, whose rounding cancels in differences of bootstrap samples from
/// all blocks together.
class ProjectedDistributions {
 public:
  static constexpr std::size_t kDirections = 100, kBins = 1024;
  static constexpr std::size_t kNumbers = kDirections * kBins;  ///< of counts()
  static constexpr std::size_t kBlockDirections = 25, kBlockBins = 64;
  static constexpr std::size_t kBlockNumbers = kBlockDirections * kBlockBins;  ///< of each of blocks()

  /// @param sources, climate  outlive this
  ProjectedDistributions(const Sources& sources, const LocalClimate& climate);

  /// Adds the next hour. @param fields  [variable, y, x]; tiles with NaN are left out
  void add(std::int64_t hour, std::span<const double> fields);
  /// Ends a block of hours.
  void end_block();
  /// [direction, bin] how many values each bin has.
  const std::vector<double>& counts() const { return counts_; }
  /// The same of each block of hours, in its own directions and bins.
  const std::vector<std::vector<double>>& blocks() const { return blocks_; }

  /// The mean over directions of the Wasserstein-1 distances between the distributions of two trajectories,
  /// in standard deviations; NaN if one has no values. @param one, other  of counts()
  static double sliced_wasserstein(std::span<const double> one, std::span<const double> other);
  /// The same of sums of blocks().
  static double sliced_wasserstein_of_blocks(std::span<const double> one, std::span<const double> other);

 private:
  const Sources& sources_;
  const LocalClimate& climate_;
  std::vector<std::vector<std::size_t>> tiles_;
  std::vector<std::vector<double>> directions_;
  std::int64_t every_;
  std::vector<double> counts_;
  std::vector<double> counts_before_;  ///< of all blocks so far, in the blocks' bins
  std::vector<std::vector<double>> blocks_;
};

}  // namespace foehn::evaluation

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
/// are rarer. Takes 0.8 MB, however many hours there are.
class ProjectedDistributions {
 public:
  static constexpr std::size_t kDirections = 100, kBins = 1024;
  static constexpr std::size_t kNumbers = kDirections * kBins;  ///< of counts()

  /// @param sources, climate  outlive this
  ProjectedDistributions(const Sources& sources, const LocalClimate& climate);

  /// Adds the next hour. @param fields  [variable, y, x]; tiles with NaN are left out
  void add(std::int64_t hour, std::span<const double> fields);
  /// [direction, bin] how many values each bin has.
  const std::vector<double>& counts() const { return counts_; }

  /// The mean over directions of the Wasserstein-1 distances between the distributions of two trajectories,
  /// in standard deviations; NaN if one has no values. @param one, other  of counts()
  static double sliced_wasserstein(std::span<const double> one, std::span<const double> other);

 private:
  const Sources& sources_;
  const LocalClimate& climate_;
  std::vector<std::vector<std::size_t>> tiles_;
  std::vector<std::vector<double>> directions_;
  std::int64_t every_;
  std::vector<double> counts_;
};

}  // namespace foehn::evaluation

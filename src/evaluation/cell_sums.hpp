#pragma once

#include <cstddef>
#include <vector>

#include "evaluation/sums.hpp"
#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// Sums over hours of the scores of each cell, [variable, cell]; of those that need a reference 0 without
/// one.
struct CellSums {
  explicit CellSums(std::size_t size)
      : error(size),
        squared(size),
        fair_crps(size),
        variance(size),
        interpolation(size),
        interpolated(size) {}

  std::vector<double> error, squared;  ///< of the ensemble mean
  std::vector<double> fair_crps, variance;
  std::vector<double> interpolation, interpolated;  ///< its absolute errors, and in how many hours
};

template <SumsOf<CellSums> S, class F>
void visit_numbers(S& sums, F&& visit) {
  for (auto* field :
       {&sums.error, &sums.squared, &sums.fair_crps, &sums.variance, &sums.interpolation, &sums.interpolated})
    for (auto& number : *field) visit(number);
}

/// @param what  what was compared
std::vector<CellScores> cell_scores(const Results& what, const CellSums& sums);

/// Means over the cells of the truth, or of the ensemble mean without one, hour by hour, [variable, or the
/// wind speed in m s-1 after the last]: what events are found by.
using HourlyMeans = std::vector<std::vector<double>>;

}  // namespace foehn::evaluation

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "foehn/grid/regridding.hpp"

namespace foehn::grid {

/// Puts regridding weights together, target cell after target cell.
class WeightsBuilder {
 public:
  WeightsBuilder(std::int64_t source_ny, std::int64_t source_nx) {
    weights_.source_ny = source_ny;
    weights_.source_nx = source_nx;
  }

  /// Adds to the weight of a source cell; a weight of 0 makes no link, so that a value that is missing or not
  /// read there does no harm.
  void add(std::int64_t source_cell, double weight) {
    if (weight != 0) links_.emplace_back(source_cell, weight);
  }
  /// What the current target cell's weights sum to so far.
  double sum() const;
  /// Scales the current target cell's weights, if it has any, whose sum is then not 0, to sum to 1, and
  /// begins the next cell.
  void finish_cell();

  /// Forgets the current target cell, as if it were not one.
  void drop_cell() { links_.clear(); }

  RegriddingWeights take() { return std::move(weights_); }

 private:
  RegriddingWeights weights_;
  std::vector<std::pair<std::int64_t, double>> links_;
};

}  // namespace foehn::grid

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// How fields of a grid are shown: rows and columns as they are; a list of cells on a regular grid of small
/// cells, each of which shows the cell of the list whose centre is nearest.
class Picture {
 public:
  /// @param grid  outlives this
  explicit Picture(const grid::Grid& grid);

  /// What is shown: rows and columns.
  const grid::Grid& shown() const { return own_ ? *own_ : grid_; }
  /// A field on them, NaN where there is no cell. @param field  [cell]
  std::vector<double> values(std::span<const double> field) const;

 private:
  const grid::Grid& grid_;
  std::optional<grid::Grid> own_;      ///< of a list of cells
  std::vector<std::int64_t> nearest_;  ///< [y, x] of own_; -1: none
};

}  // namespace foehn::evaluation

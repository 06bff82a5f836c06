#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "foehn/evaluation/block_grid.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/grid/regridding.hpp"

namespace foehn::evaluation {

/// The cells of the members' grid and those that observations are means over: square blocks of them, or the
/// cells of a grid of their own (native). Fields are row-major.
class ObservedCells {
 public:
  /// Blocks. @throws Error if they do not divide both sides
  ObservedCells(const grid::Grid& fine, std::int64_t block);
  /// The cells of a coarse grid, of which `within` says what the members cover.
  ObservedCells(const grid::Grid& fine, const grid::Grid& coarse, const grid::CellsWithin& within);

  /// Cells along a block's side; absent for a grid of their own.
  std::optional<std::int64_t> block() const;
  const grid::Grid& grid() const { return coarse_; }
  std::int64_t fine_cells() const { return fine_cells_; }
  std::int64_t coarse_cells() const { return coarse_.cells(); }
  /// Those that the members' grid covers whole; the values of others are not looked at.
  bool is_covered(std::size_t coarse_cell) const { return is_covered_[coarse_cell]; }
  /// Which of the coarse cells a fine one lies in, or has the largest part in; nothing where none is covered.
  std::optional<std::size_t> holder_of(std::size_t fine_cell) const;

  /// Means over the coarse cells, by area on a grid of their own; NaN where they are not covered.
  /// @param fine  [fine cell] @param coarse  [coarse cell]
  template <class T>
  void mean(std::span<const T> fine, std::span<double> coarse) const;

  /// Interpolates from the coarse cells' centres: of blocks as BlockGrid does; else bilinear, or on triangles
  /// between the rows of a reduced Gaussian grid (grid::bilinear_weights). NaN where a value that it needs
  /// is, and beyond the outermost cells.
  /// @param coarse  [coarse cell] @param fine  [fine cell]
  void interpolate(std::span<const double> coarse, std::span<double> fine) const;
  /// Whether there are rows to interpolate between; if not, interpolation is NaN.
  bool can_interpolate() const { return blocks_ || !to_fine_.weight.empty(); }

 private:
  std::int64_t fine_cells_ = 0;
  grid::Grid coarse_;
  std::vector<bool> is_covered_;       ///< [coarse cell]
  std::vector<std::int64_t> holders_;  ///< [fine cell]; -1: none
  std::optional<BlockGrid> blocks_;
  // Of a grid of their own:
  std::vector<std::int64_t> cells_;   ///< that are covered, rising
  grid::RegriddingWeights to_cells_;  ///< [cells_, fine cell]
  grid::RegriddingWeights to_fine_;   ///< [fine cell, coarse cell]; without weights if there are no rows
};

}  // namespace foehn::evaluation

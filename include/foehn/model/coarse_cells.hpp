#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/grid/regridding.hpp"

namespace foehn::model {

/// The cells of a reduced Gaussian grid over those of a finer grid of the globe: fields of either brought to
/// the other. One rounding per operation, one order for each sum: the bits of a field depend on no other.
class CoarseCells {
 public:
  /// @param row_sizes  points of each row of the coarse grid
  /// @param fine       reduced Gaussian, or of rows and columns round the globe
  /// @throws Error if it has no fewer cells, or as grid::conservative_weights and grid::bilinear_weights
  CoarseCells(std::span<const std::int64_t> row_sizes, const grid::Grid& fine);

  const grid::Grid& grid() const { return grid_; }
  /// Means over coarse cells, weighted by the areas of the overlaps.
  /// @param fields  [..., y, x]
  /// @return        [..., 1, coarse cell], same type and device
  at::Tensor means(const at::Tensor& fields) const;
  /// Interpolation between the centres of coarse cells, linear on triangles.
  /// @param values  [..., 1, coarse cell]
  /// @return        [..., y, x], same type and device
  at::Tensor to_cells(const at::Tensor& values) const;

 private:
  /// Weighted sums of cells, in rounds: round s adds the s-th term of every sum.
  struct Sums {
    at::Tensor place;              ///< [round, target], int64; 0 where the sum has fewer terms
    at::Tensor weight;             ///< [round, target], float64; 0 likewise
    std::vector<std::int64_t> yx;  ///< sides of the result
    at::Tensor of(const at::Tensor& fields) const;
  };
  static Sums sums_of(const grid::RegriddingWeights& weights, const grid::Grid& target);

  grid::Grid grid_;
  Sums means_, to_cells_;
};

}  // namespace foehn::model

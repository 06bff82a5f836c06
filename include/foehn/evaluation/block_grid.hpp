#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// The fine cells of a domain and the square blocks that coarse values are means over. Fields are row-major.
class BlockGrid {
 public:
  /// @throws Error if the block does not divide both sides
  BlockGrid(std::int64_t ny, std::int64_t nx, std::int64_t block);

  std::int64_t block() const { return block_; }
  std::int64_t fine_cells() const { return ny_ * nx_; }
  std::int64_t coarse_cells() const { return fine_cells() / (block_ * block_); }

  /// Means over the blocks. @param fine  [y, x] @param coarse  [y / block, x / block]
  template <class T>
  void mean(std::span<const T> fine, std::span<double> coarse) const;

  /// Bilinear interpolation from the blocks' centres to the cells; constant beyond the outermost centres.
  /// Distances are counted in cells, so that a field linear in the cell index comes back exactly from its
  /// block means. A missing value (NaN) gives NaN wherever it is needed.
  /// @param coarse  [y / block, x / block] @param fine  [y, x]
  void interpolate(std::span<const double> coarse, std::span<double> fine) const;

 private:
  /// Where a cell lies between two block centres along one side: (1 - weight) lower + weight upper.
  struct Neighbours {
    std::int64_t lower = 0;
    std::int64_t upper = 0;
    double weight = 0;
  };
  static std::vector<Neighbours> neighbours(std::int64_t cells, std::int64_t block);

  std::int64_t ny_, nx_, block_;
  std::vector<Neighbours> rows_, columns_;
};

}  // namespace foehn::evaluation

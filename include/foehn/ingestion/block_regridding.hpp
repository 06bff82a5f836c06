#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/grid/regridding.hpp"
#include "foehn/ingestion/source_grid.hpp"

namespace foehn::ingestion {

/// Blocks of which more is missing than may be.
struct MissingBlocks {
  std::int64_t count = 0;

  // Of the first, where there is one.
  std::int64_t block = 0;        ///< Y * NX + X
  std::int64_t source_cell = 0;  ///< the first missing one, in the region
  double missing_part = 0;       ///< of the block's weight, 0 to 1
};

/// Fields of a source grid as block means of a fine grid that they are regridded onto: what the observation
/// operator, the mean over blocks of fine cells, gives of the regridded field. Both steps are linear, hence
/// one sparse matrix; the fine field is never made.
class BlockRegridding {
 public:
  /// @param fine    weights from the source onto the fine grid
  /// @param block   cells per side of a block; divides both sides of the fine grid
  /// @param angles  from geographic east to the fine grid's east (grid::grid_angles), radians, [fine cell]
  BlockRegridding(const grid::RegriddingWeights& fine, const grid::Grid& fine_grid, std::int64_t block,
                  std::span<const double> angles);

  /// The rows and columns of the source that are used; fields of the region are what is regridded.
  const grid::Crop& region() const { return region_; }
  /// [region]: 1 for cells that a block takes something from, else 0.
  std::span<const char> is_used() const { return is_used_; }
  std::int64_t blocks() const { return static_cast<std::int64_t>(first_link_.size()) - 1; }

  /// Block means; where part of a block is missing, over the rest.
  /// @param source        [region]; what is not finite is missing
  /// @param most_missing  part of a block's weight that may be missing
  /// @param means         [block]; NaN where more is missing
  MissingBlocks apply(std::span<const float> source, double most_missing, std::span<float> means) const;

  /// What one component of a wind adds to both of a block, turned to the fine grid at each of its cells.
  struct TurnedSum {
    double cosine = 0,
           sine = 0;   ///< sums over what is there of weight, cosine or sine of the angle, and value
    double valid = 0;  ///< part of the block's weight that is there
    std::int64_t first_missing = -1;  ///< source cell, in the region
  };
  /// @param source  [region], as of `apply`
  TurnedSum turned_sum(std::span<const float> source, std::int64_t block) const;

 private:
  struct Link {
    std::int64_t source_cell = 0;  ///< in the region
    double weight = 0;
    double cosine = 0;  ///< sum over fine cells of weight and cosine of the angle there
    double sine = 0;
  };
  std::span<const Link> links(std::int64_t block) const;

  grid::Crop region_;
  std::vector<std::int64_t> first_link_{0};
  std::vector<Link> links_;
  std::vector<char> is_used_;
};

/// Blocks in which a component of the wind is missing, and so both are.
struct MissingWinds {
  MissingBlocks blocks;
  bool is_northward = false;  ///< the component that lacks the first one; else the eastward one
};

/// Block means of winds, turned from geographic directions to those of the fine grid at each of its cells.
/// The components may come from two grids, as where a model's are staggered.
/// @param eastward, northward  [region of the component's regridding]; what is not finite is missing
/// @param most_missing         part of a block's weight that may be missing
/// @param u, v                 [block]; NaN where more is missing of either
MissingWinds apply_to_winds(const BlockRegridding& of_eastward, std::span<const float> eastward,
                            const BlockRegridding& of_northward, std::span<const float> northward,
                            double most_missing, std::span<float> u, std::span<float> v);

}  // namespace foehn::ingestion

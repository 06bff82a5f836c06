#pragma once

#include <cstdint>
#include <vector>

namespace foehn::model {

/// Nodes in tiles of consecutive ones, of which each rank of a group has a band of consecutive tiles.
///
/// What is computed node by node is computed tile by tile, in calls of the same shapes whichever rank has the
/// tile and however many it has beside: so no bits depend on how nodes are shared out. Tiles bound memory
/// too.
class NodeBands {
 public:
  /// So few nodes that most of a call's time goes to its products, and to no more tiles than that.
  static constexpr std::int64_t kLeastTile = 256, kMostTiles = 64;

  /// All on one rank.
  NodeBands(std::int64_t nodes) : NodeBands(nodes, 0, 1) {}  // NOLINT(google-explicit-constructor)
  /// @param least_tile  nodes of a tile, where kMostTiles of them hold all nodes
  NodeBands(std::int64_t nodes, int rank, int ranks, std::int64_t least_tile = kLeastTile);

  std::int64_t nodes() const { return nodes_; }
  int ranks() const { return static_cast<int>(first_.size()) - 1; }
  /// Of this rank's band.
  std::int64_t first() const { return first_[rank_]; }
  std::int64_t size() const { return first_[rank_ + 1] - first_[rank_]; }
  /// Nodes of each of its tiles; none where it has no nodes.
  const std::vector<std::int64_t>& tiles() const { return tiles_; }
  int rank_of(std::int64_t node) const;
  /// How many tiles a rank has.
  std::int64_t tiles_of(int rank) const;
  /// Nodes of each rank.
  std::vector<std::vector<std::int64_t>> all() const;

 private:
  std::int64_t nodes_, tile_;
  std::size_t rank_;
  std::vector<std::int64_t> first_;  // [ranks + 1]
  std::vector<std::int64_t> tiles_;
};

}  // namespace foehn::model

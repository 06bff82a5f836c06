#pragma once

#include <ATen/ATen.h>

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
  /// Nodes of each rank.
  std::vector<std::vector<std::int64_t>> all() const;

 private:
  std::int64_t nodes_;
  std::size_t rank_;
  std::vector<std::int64_t> first_;  // [ranks + 1]
  std::vector<std::int64_t> tiles_;
};

/// Works on a band tile by tile.
/// @param tiles  nodes of each
/// @param nodes  tensors [window, node, ...]
/// @param work   gives of the same tensors of one tile a tensor [window, node, ...]
template <class Work>
at::Tensor by_tile(const std::vector<std::int64_t>& tiles, const std::vector<at::Tensor>& nodes,
                   const Work& work) {
  if (tiles.empty()) return work(nodes);
  // By one split, whose gradient is one concatenation: that of each part alone would fill the whole band.
  std::vector<std::vector<at::Tensor>> parts;
  for (const at::Tensor& of_band : nodes) parts.push_back(of_band.split_with_sizes(tiles, 1));
  std::vector<at::Tensor> results;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    std::vector<at::Tensor> tile;
    // Products of a GPU may depend on strides, which say how many tiles a rank has.
    for (const std::vector<at::Tensor>& of_band : parts) tile.push_back(of_band[i].contiguous());
    results.push_back(work(tile));
  }
  return results.size() == 1 ? results.front() : at::cat(results, 1);
}

}  // namespace foehn::model

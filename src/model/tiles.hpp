#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "foehn/comm/row_exchange.hpp"
#include "model/node_bands.hpp"

namespace foehn::model {

/// The tiles of a rank's band, and what all tiles of all ranks share: weights, and what is known of the noise
/// level. The gradient of what they share is added tile by tile, in the order of all tiles, so that no bits
/// depend on how tiles are shared out over ranks.
class Tiles {
 public:
  /// @param transport  of the ranks that nodes are shared out over, outlives this; null: there is one
  explicit Tiles(NodeBands band, comm::Transport* transport = nullptr);

  const NodeBands& band() const { return band_; }
  /// Nodes of each tile of this rank; none where it has no nodes.
  const std::vector<std::int64_t>& sizes() const { return band_.tiles(); }

  /// A copy of each tensor for each tile of this rank (at least one), which shares its memory. The gradient
  /// of a tensor is the sum of those of the copies of all ranks.
  /// @param shared  the same on all ranks
  /// @return        [tile][tensor]
  /// @note The gradient is collective over the ranks, and needs this and memory for that of each tile.
  std::vector<std::vector<at::Tensor>> copies(const std::vector<at::Tensor>& shared) const;

  /// The sum over the tiles of all ranks, in their order.
  /// @param terms  [tile of this rank, number]
  /// @return       [number], the same on all ranks
  /// @note Collective over the ranks.
  at::Tensor sum(const at::Tensor& terms) const;

 private:
  NodeBands band_;
  // Each rank adds a part of the numbers. Null where there is one rank.
  std::shared_ptr<const comm::RowExchange> to_adders_, from_adders_;
};

/// The same, whose gradient is contiguous: products may round otherwise where it is not, and whether it is
/// may depend on how many tiles a rank has.
at::Tensor with_contiguous_gradient(const at::Tensor& x);

/// Works on a band tile by tile.
/// @param nodes   tensors [window, node, ...]
/// @param shared  what all tiles share
/// @param work    gives of the tensors of one tile, and of what it shares with the others, a tensor
///                [window, node, ...]
template <class Work>
at::Tensor by_tile(const Tiles& tiles, const std::vector<at::Tensor>& nodes,
                   const std::vector<at::Tensor>& shared, const Work& work) {
  // By one split, whose gradient is one concatenation: that of each part alone would fill the whole band.
  std::vector<std::vector<at::Tensor>> parts;
  for (const at::Tensor& of_band : nodes)
    parts.push_back(tiles.sizes().empty() ? std::vector<at::Tensor>{of_band}
                                          : of_band.split_with_sizes(tiles.sizes(), 1));
  const std::vector<std::vector<at::Tensor>> copies = tiles.copies(shared);
  std::vector<at::Tensor> results;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    std::vector<at::Tensor> tile;
    // Products of a GPU may depend on strides, which say how many tiles a rank has.
    for (const std::vector<at::Tensor>& of_band : parts) tile.push_back(of_band[i].contiguous());
    results.push_back(with_contiguous_gradient(work(tile, copies[i])));
  }
  return results.size() == 1 ? results.front() : at::cat(results, 1);
}

}  // namespace foehn::model

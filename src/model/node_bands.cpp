#include "model/node_bands.hpp"

#include <algorithm>
#include <numeric>

namespace foehn::model {

NodeBands::NodeBands(std::int64_t nodes, int rank, int ranks, std::int64_t least_tile)
    : nodes_(nodes),
      tile_(std::max(least_tile, (nodes + kMostTiles - 1) / kMostTiles)),
      rank_(static_cast<std::size_t>(rank)) {
  const std::int64_t count = (nodes + tile_ - 1) / tile_;
  for (int i = 0; i <= ranks; ++i) first_.push_back(std::min(nodes, count * i / ranks * tile_));
  for (std::int64_t at = first(); at < first() + size(); at += tile_)
    tiles_.push_back(std::min(tile_, first() + size() - at));
}

int NodeBands::rank_of(std::int64_t node) const {
  return static_cast<int>(std::upper_bound(first_.begin(), first_.end(), node) - first_.begin()) - 1;
}

std::int64_t NodeBands::tiles_of(int rank) const {
  const auto i = static_cast<std::size_t>(rank);
  return (first_[i + 1] - first_[i] + tile_ - 1) / tile_;
}

std::vector<std::vector<std::int64_t>> NodeBands::all() const {
  std::vector<std::vector<std::int64_t>> bands;
  for (int rank = 0; rank < ranks(); ++rank) {
    const auto i = static_cast<std::size_t>(rank);
    bands.emplace_back(static_cast<std::size_t>(first_[i + 1] - first_[i]));
    std::iota(bands.back().begin(), bands.back().end(), first_[i]);
  }
  return bands;
}

}  // namespace foehn::model

#pragma once

#include <cstdint>
#include <vector>

#include "evaluation/quantile_sketch.hpp"

namespace foehn::evaluation {

/// Distributions of some variables within a block of hours.
using Distributions = std::vector<QuantileSketch>;

/// Steps within a power of two of the distributions of blocks: quantiles and distances of bootstrap samples
/// are taken by their difference from those of all blocks together, in which most of the rounding cancels.
inline constexpr int kBlockSteps = 16;

/// The distributions of blocks taken so many times. @pre there is a block
inline Distributions weighted_sum(const std::vector<Distributions>& blocks,
                                  const std::vector<std::int64_t>& times) {
  Distributions sum;
  for (const QuantileSketch& one : blocks.front()) sum.push_back(one.empty_copy());
  for (std::size_t block = 0; block < blocks.size(); ++block)
    for (std::size_t place = 0; times[block] != 0 && place < sum.size(); ++place)
      sum[place].add(blocks[block][place], times[block]);
  return sum;
}

}  // namespace foehn::evaluation

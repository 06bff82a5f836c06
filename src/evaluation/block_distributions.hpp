#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "evaluation/bootstrap.hpp"
#include "evaluation/quantile_sketch.hpp"

namespace foehn::evaluation {

/// Distributions of some variables within a block of hours.
using Distributions = std::vector<QuantileSketch>;

/// Steps within a power of two of the distributions of blocks: quantiles and distances of bootstrap samples
/// are taken by their difference from those of all blocks together, in which most of the rounding cancels.
inline constexpr int kBlockSteps = 16;

/// The distributions of blocks, laid out for many sums that take each block so many times.
class BlockDistributions {
 public:
  /// @pre there is a block
  explicit BlockDistributions(const std::vector<Distributions>& blocks) {
    for (std::size_t variable = 0; variable < blocks.front().size(); ++variable) add(blocks, variable);
  }

  /// @param times  how often each block is taken
  Distributions weighted_sum(const std::vector<std::int64_t>& times) const {
    Distributions result;
    for (const OfVariable& each : variables_) {
      const std::vector<double> sums = evaluation::weighted_sum(each.counts, times);
      std::vector<double> packed = {static_cast<double>(sums.size())};
      for (std::size_t i = 0; i < sums.size(); ++i) packed.insert(packed.end(), {each.places[i], sums[i]});
      result.push_back(each.without_values);
      result.back().add_packed(packed);
    }
    return result;
  }

 private:
  struct OfVariable {
    QuantileSketch without_values;
    std::vector<double> places;               ///< of the steps that have values in any block, ascending
    std::vector<std::vector<double>> counts;  ///< [block][place]
  };

  void add(const std::vector<Distributions>& blocks, std::size_t variable) {
    OfVariable& each = variables_.emplace_back(OfVariable{blocks.front()[variable].empty_copy(), {}, {}});
    std::vector<std::vector<double>> packed(blocks.size());  // how many, then place and count of each
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      blocks[block][variable].append_to(packed[block]);
      for (std::size_t i = 1; i < packed[block].size(); i += 2) each.places.push_back(packed[block][i]);
    }
    std::sort(each.places.begin(), each.places.end());
    each.places.erase(std::unique(each.places.begin(), each.places.end()), each.places.end());
    for (const std::vector<double>& numbers : packed) {
      std::vector<double>& counts = each.counts.emplace_back(each.places.size(), 0.0);
      for (std::size_t i = 1; i < numbers.size(); i += 2) {
        const auto found = std::lower_bound(each.places.begin(), each.places.end(), numbers[i]);
        counts[static_cast<std::size_t>(found - each.places.begin())] = numbers[i + 1];
      }
    }
  }

  std::vector<OfVariable> variables_;
};

}  // namespace foehn::evaluation

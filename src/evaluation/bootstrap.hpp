#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Fewer blocks say nothing about a score's uncertainty.
inline constexpr std::size_t kFewestBootstrapBlocks = 5;

/// Whether so many blocks of hours give intervals.
inline bool has_intervals(std::size_t blocks, const BootstrapOptions& options) {
  return blocks >= kFewestBootstrapBlocks && options.replicates > 0;
}

/// How often each block is drawn in a replicate, in which as many are drawn with replacement as there are.
/// Depends on seed, replicate and number of blocks alone, so that two runs over the same blocks are drawn
/// alike and differences between them are paired.
std::vector<std::int64_t> draws(const BootstrapOptions& options, std::int64_t replicate, std::size_t blocks);

/// Sums over blocks, each taken so many times. @pre there is a block
std::vector<double> weighted_sum(const std::vector<std::vector<double>>& blocks,
                                 const std::vector<std::int64_t>& times);

/// Calls `use` with how often each block is taken: first each one once, then as the replicates draw them.
void for_each_sample(std::size_t blocks, const BootstrapOptions& options,
                     const std::function<void(const std::vector<std::int64_t>& times)>& use);

/// Hands the sums over the blocks that are drawn to `evaluate`, replicate after replicate.
/// Source: Künsch 1989, doi:10.1214/aos/1176347265 (with blocks that do not overlap).
///
/// @param blocks  the numbers of each block's sums, all of the same length
void bootstrap(const std::vector<std::vector<double>>& blocks, const BootstrapOptions& options,
               const std::function<void(const std::vector<double>&)>& evaluate);

/// The central 95 % of the values, linear between order statistics.
/// @pre there is a value
Interval central_interval(std::vector<double> values);

/// The interval of a score out of its values in all replicates, NaN where it is not defined; absent where a
/// tenth or more of them are, or there are none.
std::optional<Interval> interval_of_replicates(const std::vector<double>& replicates);

}  // namespace foehn::evaluation

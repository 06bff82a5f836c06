#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Fewer blocks say nothing about a score's uncertainty.
inline constexpr std::size_t kFewestBootstrapBlocks = 5;

/// Draws blocks of hours with replacement, as many as there are, and hands the sums over those drawn to
/// `evaluate`, replicate after replicate. The draws depend on seed, replicate and number of blocks alone, so
/// that two runs over the same blocks are drawn alike and differences between them are paired.
/// Source: Künsch 1989, doi:10.1214/aos/1176347265 (with blocks that do not overlap).
///
/// @param blocks  the numbers of each block's sums, all of the same length
void bootstrap(const std::vector<std::vector<double>>& blocks, const BootstrapOptions& options,
               const std::function<void(const std::vector<double>&)>& evaluate);

/// The central 95 % of the values, linear between order statistics.
/// @pre there is a value
Interval central_interval(std::vector<double> values);

}  // namespace foehn::evaluation

#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::ingestion {

/// What a prior knows of a variable's values.
struct PlausibleRange {
  io::Variable variable;
  double low = 0, high = 0;  ///< over the record it learnt from, in the variable's unit
  /// Beyond which the prior has no values, and no others are taken.
  double lowest = -std::numeric_limits<double>::infinity(), highest = std::numeric_limits<double>::infinity();
  std::string bounds{};  ///< what these are, for people: "0 or more"
};

/// Those of some variables, all of which are among the ranges, in the order of the variables.
std::vector<PlausibleRange> plausible_ranges(const std::vector<PlausibleRange>& ranges,
                                             const std::vector<io::Variable>& variables);

/// How many times the width of the range a value may lie beyond it: no change of climate goes that far, a
/// wrong unit does.
inline constexpr double kMostRangesBeyond = 3;

/// @param field  [y, x] on the grid; NaN is missing
/// @param time   for the message
/// @throws core::Error naming variable, time and cell of the first value that lies beyond the bounds, or
///         further beyond the range than kMostRangesBeyond times its width
void check_plausible(const PlausibleRange& range, std::span<const float> field, const std::string& time,
                     const grid::Grid& grid);

}  // namespace foehn::ingestion

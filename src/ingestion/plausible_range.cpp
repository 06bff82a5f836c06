#include "foehn/ingestion/plausible_range.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::ingestion {

std::vector<PlausibleRange> plausible_ranges(const std::vector<PlausibleRange>& ranges,
                                             const std::vector<io::Variable>& variables) {
  std::vector<PlausibleRange> chosen;
  for (const io::Variable& variable : variables)
    chosen.push_back(*std::find_if(ranges.begin(), ranges.end(),
                                   [&](const PlausibleRange& range) { return range.variable == variable; }));
  return chosen;
}

void check_plausible(const PlausibleRange& range, std::span<const float> field, const std::string& time,
                     const grid::Grid& grid) {
  const double margin = kMostRangesBeyond * (range.high - range.low);
  const double least = std::max(range.lowest, range.low - margin),
               most = std::min(range.highest, range.high + margin);
  // Neither is so of NaN.
  const auto found = std::find_if(field.begin(), field.end(), [&](float value) {
    return static_cast<double>(value) < least || static_cast<double>(value) > most;
  });
  if (found == field.end()) return;
  const std::int64_t cell = found - field.begin();
  if (const auto value = static_cast<double>(*found); value < range.lowest || value > range.highest)
    throw core::Error(fmt::format(
        "{}: {:.6g} {} at {}, {} lies beyond the bounds of the prior's transform; expected {}",
        range.variable.name, value, range.variable.units, time, grid::cell_text(grid, cell), range.bounds));
  throw core::Error(
      fmt::format("{}: {:.6g} {} at {}, {} is far outside the prior's range, {:.6g} to "
                  "{:.6g}; is its units attribute right?",
                  range.variable.name, *found, range.variable.units, time, grid::cell_text(grid, cell),
                  range.low, range.high));
}

}  // namespace foehn::ingestion

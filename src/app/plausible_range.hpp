#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "foehn/model/domain.hpp"

namespace foehn::app {

/// What a prior knows of a variable's values.
struct PlausibleRange {
  io::Variable variable;
  double low = 0, high = 0;  ///< of all that it has seen, in the variable's unit
};

/// Those of a domain's variables, in their order.
std::vector<PlausibleRange> plausible_ranges(const model::Domain& domain);
/// Those of some variables, all of which are among the ranges, in the order of the variables.
std::vector<PlausibleRange> plausible_ranges(const std::vector<PlausibleRange>& ranges,
                                             const std::vector<io::Variable>& variables);

/// The greatest normalised values, either way, that a field which check_plausible takes can have: it may lie
/// as far beyond the range as that allows, and the normalisation's offset at the range's other end.
/// @return  [variable, y, x], or [variable, 1, 1] where they are the same in all cells; float64
at::Tensor normalised_limits(const model::Domain& domain);

/// @param field  [y, x] on the grid; NaN is missing
/// @param time   for the message
/// @throws core::Error naming variable, time and cell of the first value that lies further beyond the range
///         than three times its width: no change of climate goes that far, a wrong unit does
void check_plausible(const PlausibleRange& range, std::span<const float> field, const std::string& time,
                     const grid::Grid& grid);

}  // namespace foehn::app

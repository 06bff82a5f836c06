#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <vector>

#include "foehn/ingestion/plausible_range.hpp"
#include "foehn/ingestion/preparation_inputs.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

/// What a prior knows of its variables' values, in their order.
std::vector<ingestion::PlausibleRange> plausible_ranges(const model::Domain& domain);

/// The greatest normalised values, either way, that a field which ingestion::check_plausible takes can have:
/// it may lie as far beyond the range as that allows, and the normalisation's offset at the range's other
/// end.
/// @return  [variable, y, x], or [variable, 1, 1] where they are the same in all cells; float64
at::Tensor normalised_limits(const model::Domain& domain);

/// What observations are prepared for.
/// @param file  that the domain was read from
ingestion::FineDomain fine_domain(const model::Domain& domain, const std::filesystem::path& file);

}  // namespace foehn::conditioning

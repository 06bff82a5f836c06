#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace foehn::job {

/// What a user should know where a prior's windows are too short for the observations: from its first step to
/// its last, a window spans 2k steps, and one that spans less than the observations are apart never holds two
/// of them.
/// @param markov_order  k
/// @param spacing       steps from one observation to the next
/// @return              nothing where a window can hold two observations
std::optional<std::string> short_window_warning(std::int64_t markov_order, std::int64_t spacing);

}  // namespace foehn::job

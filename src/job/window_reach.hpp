#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/conditioning/placement.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::job {

/// What a user should know where a prior's windows, of 2k + 1 steps, are too short to contain the last step
/// of one observation and the first of the next. Observations without steps between them, such as means that
/// touch, leave nothing to be filled in.
/// @param markov_order  k
/// @param variables     the trajectory's
/// @return              nothing where a window can contain two observations, or there is one alone
std::optional<std::string> short_window_warning(std::int64_t markov_order,
                                                const conditioning::Placement& placement,
                                                const std::vector<io::Variable>& variables);

}  // namespace foehn::job

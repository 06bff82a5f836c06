#include "job/window_reach.hpp"

#include <fmt/format.h>

namespace foehn::job {

std::optional<std::string> short_window_warning(std::int64_t markov_order, std::int64_t spacing) {
  if (2 * markov_order >= spacing) return std::nullopt;
  return fmt::format(
      "observations are {} steps apart, but the prior's windows span {} (twice the Markov order, {}): no "
      "window holds two observations, so each step between them follows from one at most, and there members "
      "spread more than they should; learn a prior with prior.markov_order of at least {}",
      spacing, 2 * markov_order, markov_order, (spacing + 1) / 2);
}

}  // namespace foehn::job

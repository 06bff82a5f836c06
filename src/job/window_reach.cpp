#include "job/window_reach.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace foehn::job {

std::optional<std::string> short_window_warning(std::int64_t markov_order,
                                                const conditioning::Placement& placement,
                                                const std::vector<io::Variable>& variables) {
  if (placement.intervals.size() < 2) return std::nullopt;
  const std::int64_t gap = placement.intervals[1].first - (placement.intervals[0].last - 1);
  if (gap <= 1 || gap <= 2 * markov_order) return std::nullopt;
  std::string whose;
  if (placement.variables.size() < variables.size()) {
    std::vector<std::string> names;
    for (const std::int64_t i : placement.variables)
      names.push_back(variables[static_cast<std::size_t>(i)].name);
    whose = fmt::format("of {} ", fmt::join(names, ", "));
  }
  return fmt::format(
      "the prior's windows span {} steps, but observations {}are {} steps apart: no window contains two of "
      "them, so members spread too much in between; fit or train a prior with prior.markov_order of at least "
      "{}",
      2 * markov_order + 1, whose, gap, (gap + 1) / 2);
}

}  // namespace foehn::job

#include "source_checks.hpp"

#include <spdlog/spdlog.h>

#include "foehn/calendar/time_axis.hpp"

namespace foehn::conditioning {

void check_step(const io::FieldReader& reader, const model::Domain& domain) {
  if (reader.step_seconds() % domain.step_seconds != 0)
    throw core::Error(fmt::format("time: the step is {}, expected a multiple of the prior's, {}",
                                  calendar::format_step(reader.step_seconds()),
                                  calendar::format_step(domain.step_seconds)));
}

void check_missing(std::int64_t missing, std::int64_t all, const std::string& values,
                   const std::string& first, double fraction) {
  const double found = static_cast<double>(missing) / static_cast<double>(all);
  const std::string text =
      fmt::format("{} of {} values of {} are missing, {:.3g} %", missing, all, values, 100 * found);
  if (found > fraction)
    throw core::Error(
        fmt::format("observations {}: {}; at most {:.3g} % is allowed (observation.missing_fraction)", first,
                    text, 100 * fraction));
  spdlog::info("{}; treated as not observed", text);
}

}  // namespace foehn::conditioning

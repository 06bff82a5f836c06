#include "foehn/bias/calibration.hpp"

#include <fmt/format.h>

#include "bias/checks.hpp"
#include "foehn/core/error.hpp"

namespace foehn::bias {

Kind parse_kind(const std::string& name) {
  if (name == "additive" || name == "+") return Kind::additive;
  if (name == "multiplicative" || name == "*") return Kind::multiplicative;
  throw core::Error(
      fmt::format("unknown kind of correction '{}'; known are additive (+) and multiplicative (*)", name));
}

std::string kind_name(Kind kind) {
  return kind == Kind::additive ? "additive" : "multiplicative";
}

void check_calibration(const Calibration& calibration) {
  core::with_context(fmt::format("calibration of '{}'", calibration.variable), [&] {
    const Distribution &observed = calibration.observed, &simulated = calibration.simulated;
    if (observed.summary.layout != simulated.summary.layout || observed.bins != simulated.bins)
      throw core::Error("the statistics of observations and simulation are laid out differently");
    require_sound(observed, "observations", MayLack::nothing);
    require_sound(simulated, "simulation", MayLack::whole_cells);
    if (calibration.kind == Kind::multiplicative) {
      require_not_negative(observed.summary, "observations");
      require_not_negative(simulated.summary, "simulation");
    }
  });
}

}  // namespace foehn::bias

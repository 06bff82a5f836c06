#include "installation.hpp"

#include <sstream>
#include <stdexcept>

#include "process.hpp"

namespace foehn::testing {

Installation::Installation() {
  const Outcome outcome = run_command({FOEHN_CMAKE, "--install", FOEHN_BINARY, "--prefix", prefix()});
  if (outcome.exit_code == 0) return;
  std::ostringstream text;
  text << "cmake --install: " << outcome;
  throw std::runtime_error(text.str());
}

}  // namespace foehn::testing

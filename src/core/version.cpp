#include "foehn/core/version.hpp"

namespace foehn::core {

const char* version() {
  return FOEHN_VERSION;
}

}  // namespace foehn::core

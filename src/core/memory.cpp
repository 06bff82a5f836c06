#include "foehn/core/memory.hpp"

#include <sys/resource.h>

namespace foehn::core {

double peak_memory_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;  // Linux counts in KiB
}

}  // namespace foehn::core

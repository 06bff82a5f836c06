#pragma once

namespace foehn::core {

/// The most memory this process has held so far (resident set), in MB of 10^6 bytes.
double peak_memory_megabytes();

}  // namespace foehn::core

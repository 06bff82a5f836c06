#pragma once

namespace foehn::core {

/// That of foehn: "0.3.0".
const char* version();

}  // namespace foehn::core

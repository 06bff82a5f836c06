#pragma once

namespace foehn::core {

/// That of foehn: "0.2.0".
const char* version();

}  // namespace foehn::core

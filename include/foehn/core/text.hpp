#pragma once

#include <string>
#include <string_view>

namespace foehn::core {

/// With the letters A to Z in lower case; all else stays.
std::string lower_case(std::string_view text);

}  // namespace foehn::core

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace foehn::core {

/// With the letters A to Z in lower case; all else stays.
std::string lower_case(std::string_view text);
/// "1 team", "2 teams"
std::string counted(std::int64_t count, std::string_view noun);
/// What stands between separators, empty parts too: one part more than there are separators.
std::vector<std::string> split(std::string_view text, std::string_view separator);

}  // namespace foehn::core

#include "foehn/config/value_in.hpp"

#include <sstream>

#include "option_source.hpp"

namespace foehn::config {

std::optional<std::string> value_in(const std::string& text, const std::string& option) {
  std::istringstream lines(text);
  std::optional<std::string> value;
  for (const GivenOption& given : read_config(lines, "configuration", {}))
    if (given.name == option && !given.words.empty()) value = given.words.front();
  return value;
}

}  // namespace foehn::config

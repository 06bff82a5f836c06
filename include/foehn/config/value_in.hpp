#pragma once

#include <optional>
#include <string>

namespace foehn::config {

/// What the text of a configuration file gives an option, whatever else it says: far faster than a table.
/// Nothing if it does not give it.
/// @throws UsageError if a line is none of such a file
std::optional<std::string> value_in(const std::string& text, const std::string& option);

}  // namespace foehn::config

#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"

namespace foehn::config {

/// An option as a source gave it: its name is not yet known to be right, nor are its words.
struct GivenOption {
  std::string name;
  std::vector<std::string> words;
  std::string where;  ///< "command line"; "run.ini, line 3"
};

/// Options that take no part in a run's values and stand on the command line only.
inline constexpr const char* kConfigOption = "config";
inline constexpr const char* kValidateOnlyOption = "validate-only";
inline constexpr const char* kHelpOption = "help";

/// Splits a command line into options and their words, up to the first option whose name is unknown.
/// @throws UsageError if an option lacks its value or a word belongs to no option
std::vector<GivenOption> read_command_line(const std::vector<std::string>& arguments,
                                           const std::vector<OptionTable::Option>& options);

/// Splits the text of an INI file into options and their words.
/// @param name  of the file, for messages
/// @throws UsageError if a line is neither "[section]", "name = value" nor a comment
std::vector<GivenOption> read_config(std::istream& file, const std::string& name,
                                     const std::vector<OptionTable::Option>& options);

/// The same from a file.
/// @throws UsageError as read_config, and if the file cannot be read
std::vector<GivenOption> read_config_file(const std::filesystem::path& path,
                                          const std::vector<OptionTable::Option>& options);

}  // namespace foehn::config

#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"

namespace foehn::config {

/// Whether the option takes several words.
bool is_list(const OptionTable::Target& target);

/// Whether a word reads as true or false.
bool is_bool_word(const std::string& word);

/// Whether the option holds numbers, which have a unit.
bool is_numeric(const OptionTable::Target& target);

/// "INTEGER", "FILES", ...: the placeholder of the value in help.
std::string type_name(const OptionTable::Option& option);
std::string type_name(const OptionTable::Target& target);

/// The value in force as a user would write it; empty if the option has none.
std::string value_text(const OptionTable::Target& target);

/// The value in force as a configuration file may hold it: quoted where it must be, with relative paths made
/// absolute.
/// @param folder  where relative paths begin
std::string config_value(const OptionTable::Option& option, const std::filesystem::path& folder);

/// The value in force; null if the option has none.
nlohmann::json value_json(const OptionTable::Target& target);

/// The words that the option allows; empty if any.
std::vector<std::string> allowed_words(const OptionTable::Option& option);

/// The allowed numbers in words, with their unit: "from 0 to 1", "above 0 K"; empty if any number is allowed.
std::string range_text(const Description& description);

/// Sets the option's field.
///
/// @param words  one word, or several where the option is a list; each word of a list may hold several values
/// @throws UsageError if a word does not read as the option's type or is out of its range or choices
void assign(const OptionTable::Option& option, const std::vector<std::string>& words);

/// @throws UsageError if the value in force is out of the option's range or choices
void check(const OptionTable::Option& option);

}  // namespace foehn::config

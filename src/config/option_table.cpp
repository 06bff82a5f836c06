#include "foehn/config/option_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "foehn/core/error.hpp"
#include "option_source.hpp"
#include "option_value.hpp"

namespace foehn::config {

namespace {

/// "steps" of "sampler.steps".
std::string last_part(const std::string& name) {
  return name.substr(name.rfind('.') + 1);
}

[[noreturn]] void unknown_option(const std::string& name, const std::vector<std::string>& known) {
  auto meant = nearest(name, known);
  if (!meant) {
    // The right name under a wrong section, or under none.
    const auto is_namesake = [&](const std::string& other) { return last_part(other) == last_part(name); };
    const auto namesake = std::find_if(known.begin(), known.end(), is_namesake);
    if (namesake != known.end()) meant = *namesake;
  }
  throw core::UsageError(
      fmt::format("unknown option '{}'{}", name,
                  meant ? fmt::format("; did you mean '{}'?", *meant) : "; --help lists the options"));
}

/// The given options by name.
/// @throws UsageError if a name is unknown or given twice
std::map<std::string, GivenOption> by_name(const std::vector<GivenOption>& source,
                                           const std::vector<std::string>& known) {
  std::map<std::string, GivenOption> options;
  for (const auto& given : source) {
    core::with_context(given.where, [&] {
      if (std::find(known.begin(), known.end(), given.name) == known.end()) unknown_option(given.name, known);
      const auto [first, is_new] = options.emplace(given.name, given);
      if (!is_new && given.name != kConfigOption) {
        throw core::UsageError(fmt::format("{}: given twice, first in {}", given.name, first->second.where));
      }
    });
  }
  return options;
}

}  // namespace

OptionTable::OptionTable(std::string command, std::string summary, std::string example)
    : command_(std::move(command)), summary_(std::move(summary)), example_(std::move(example)) {}

void OptionTable::add(const std::string& name, Target target, Description description) {
  const auto refuse = [&name](const std::string& why) {
    throw std::logic_error(fmt::format("declaring option '{}': {}", name, why));
  };
  const auto has_this_name = [&name](const Option& other) { return other.name == name; };
  if (name == kConfigOption || name == kValidateOnlyOption || name == kHelpOption ||
      std::any_of(options_.begin(), options_.end(), has_this_name)) {
    refuse("the name is taken");
  }
  if (description.doc.empty()) refuse("it has no doc");
  if (is_numeric(target) && description.unit.empty()) refuse("a number has a unit");
  if (description.are_files && !std::holds_alternative<std::vector<std::string>*>(target))
    refuse("only a list of words holds files");

  if (description.is_path && !std::holds_alternative<std::string*>(target)) refuse("only a text is a path");
  const auto bare_words = std::count_if(options_.begin(), options_.end(),
                                        [](const Option& other) { return other.description.positional; });
  const bool is_text = std::holds_alternative<std::string*>(target);
  const bool is_words = std::holds_alternative<std::vector<std::string>*>(target);
  if (description.positional && !(bare_words == 0 && is_text) && !(bare_words == 1 && is_words)) {
    refuse("only one option, a text, may be given as a bare word, and one list as the words after it");
  }

  const Option option{name, target, std::move(description), value_text(target)};
  if (!option.description.required) {
    try {
      check(option);
    } catch (const core::UsageError& error) {
      refuse(fmt::format("its default does not fit: {}", error.what()));
    }
  }
  options_.push_back(option);
}

namespace {

/// Sets the options from sources, of which a later one wins.
/// @return  the required ones that none gives
std::vector<std::string> assign_all(const std::vector<OptionTable::Option>& options,
                                    const std::vector<std::map<std::string, GivenOption>>& sources) {
  std::vector<std::string> missing;
  for (const auto& option : options) {
    bool is_given = false;
    // What a file says is checked even where the line overrides it.
    for (const auto& source : sources) {
      const auto given = source.find(option.name);
      if (given == source.end()) continue;
      core::with_context(given->second.where, [&] { assign(option, given->second.words); });
      is_given = true;
    }
    const bool has_value = is_given && !value_text(option.target).empty();
    if (option.description.required && !has_value) missing.push_back(option.name);
  }
  return missing;
}

std::string complaint_of(const std::vector<std::string>& missing) {
  return fmt::format("required but not given: {}", fmt::join(missing, ", "));
}

std::vector<std::string> names_of(const std::vector<OptionTable::Option>& options) {
  std::vector<std::string> names;
  for (const auto& option : options) names.push_back(option.name);
  return names;
}

}  // namespace

OptionTable::Outcome OptionTable::parse(const std::vector<std::string>& arguments) {
  // Whoever asks for help gets it, whatever else is wrong with the line.
  const auto asks_for = [&](const char* name) {
    return std::find(arguments.begin(), arguments.end(), std::string("--") + name) != arguments.end();
  };
  if (asks_for(kHelpOption)) return {.page = help()};

  const std::vector<std::string> names = names_of(options_);
  std::vector<std::string> line_names = names;
  line_names.insert(line_names.end(), {kConfigOption, kValidateOnlyOption, kHelpOption});

  const std::vector<GivenOption> line = read_command_line(arguments, options_);
  const auto on_line = by_name(line, line_names);
  std::vector<std::map<std::string, GivenOption>> sources;  // what comes later wins
  for (const auto& given : line) {
    if (given.name == kConfigOption)
      sources.push_back(by_name(read_config_file(given.words.front(), options_), names));
  }
  sources.push_back(on_line);
  if (const auto missing = assign_all(options_, sources); !missing.empty())
    throw core::UsageError(
        fmt::format("{}; usage: {}; --help lists the options", complaint_of(missing), usage()));
  return {.page = "", .validate_only = on_line.contains(kValidateOnlyOption)};
}

void OptionTable::parse_text(const std::string& text, const std::string& where) {
  std::istringstream lines(text);
  const auto missing =
      assign_all(options_, {by_name(read_config(lines, where, options_), names_of(options_))});
  if (!missing.empty()) throw core::UsageError(fmt::format("{}: {}", where, complaint_of(missing)));
}

std::string OptionTable::config_text(const std::filesystem::path& folder) const {
  std::map<std::string, std::string> sections;
  for (const Option& option : options_) {
    if (value_text(option.target) == option.default_text) continue;
    const auto dot = option.name.find('.');
    const std::string section = dot == std::string::npos ? "" : option.name.substr(0, dot);
    const std::string line = fmt::format("{} = {}\n", last_part(option.name), config_value(option, folder));
    if (line.find('#') != std::string::npos || std::count(line.begin(), line.end(), '\n') != 1)
      throw core::UsageError(
          fmt::format("{}: a configuration file cannot hold a value with '#' or a line break, found {}",
                      option.name, value_text(option.target)));
    sections[section] += line;
  }
  std::string text;
  for (const auto& [section, lines] : sections)
    text +=
        fmt::format("{}{}{}", text.empty() ? "" : "\n", section.empty() ? "" : "[" + section + "]\n", lines);
  return text;
}

std::vector<std::string> OptionTable::relative_paths() const {
  std::vector<std::string> names;
  for (const Option& option : options_)
    if (value_text(option.target) != option.default_text &&
        config_value(option, "/a") != config_value(option, "/b"))
      names.push_back(option.name);
  return names;
}

nlohmann::json OptionTable::values() const {
  nlohmann::json values = nlohmann::json::object();
  for (const auto& option : options_) values[option.name] = value_json(option.target);
  return values;
}

std::string OptionTable::result_values() const {
  std::set<std::string> lines;
  for (const auto& option : options_) {
    // As JSON, in which no two values read the same.
    if (option.description.changes_result) {
      lines.insert(fmt::format("{} = {}\n", option.name, value_json(option.target).dump()));
    }
  }
  return fmt::format("{}", fmt::join(lines, ""));
}

}  // namespace foehn::config

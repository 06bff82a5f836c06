#include "option_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <variant>

#include "foehn/core/error.hpp"
#include "option_value.hpp"

namespace foehn::config {

namespace po = boost::program_options;

namespace {

/// What Boost must know to split words: which names exist and whether they take none, one or many.
po::options_description describe(const std::vector<OptionTable::Option>& options) {
  po::options_description description;
  for (const auto& option : options) {
    if (is_list(option.target)) {
      description.add_options()(option.name.c_str(), po::value<std::vector<std::string>>()->multitoken());
    } else {
      description.add_options()(option.name.c_str(), po::value<std::string>());
    }
  }
  return description;
}

void check_tokens(const po::option& option) {
  const auto& tokens = option.original_tokens;
  if (option.string_key.empty()) {
    throw core::UsageError(
        fmt::format("unexpected word '{}': options are given as --name value", tokens.front()));
  }
  // Boost takes the next option for the value of one that lacks its own; "--name=--value" still gives such a
  // value.
  if (tokens.size() > 1 && tokens[1].starts_with("--")) {
    throw core::UsageError(fmt::format("{}: expected a value, found '{}'", option.string_key, tokens[1]));
  }
}

bool takes_many(const std::string& name, const std::vector<OptionTable::Option>& options) {
  return std::any_of(options.begin(), options.end(), [&](const OptionTable::Option& option) {
    return option.name == name && is_list(option.target);
  });
}

bool is_bool(const OptionTable::Target& target) {
  return std::holds_alternative<bool*>(target) || std::holds_alternative<std::optional<bool>*>(target);
}

/// The words of a line, with "true" after each BOOL that stands alone. A word after it that is neither true
/// nor false is a value all the same, a wrong one, unless it may stand alone itself.
std::vector<std::string> with_values(const std::vector<std::string>& arguments,
                                     const std::vector<OptionTable::Option>& options) {
  const bool has_bare_words =
      std::any_of(options.begin(), options.end(),
                  [](const OptionTable::Option& option) { return option.description.positional; });
  const auto is_value = [&](const std::string& word) {
    return has_bare_words ? is_bool_word(word) : !word.starts_with("--");
  };
  std::vector<std::string> words;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    words.push_back(arguments[i]);
    const bool is_flag = std::any_of(options.begin(), options.end(), [&](const OptionTable::Option& option) {
      return "--" + option.name == arguments[i] && is_bool(option.target);
    });
    if (is_flag && (i + 1 == arguments.size() || !is_value(arguments[i + 1]))) words.emplace_back("true");
  }
  return words;
}

/// Which options take the words that stand alone.
po::positional_options_description positional_words(const std::vector<OptionTable::Option>& options) {
  po::positional_options_description description;
  std::vector<std::string> names;
  for (const auto& option : options)
    if (option.description.positional) names.push_back(option.name);
  // The last takes any number, so that the caller refuses a second text as it does an option given twice.
  for (const std::string& name : names) description.add(name.c_str(), name == names.back() ? -1 : 1);
  return description;
}

}  // namespace

std::vector<GivenOption> read_command_line(const std::vector<std::string>& arguments,
                                           const std::vector<OptionTable::Option>& options) {
  po::options_description description = describe(options);
  description.add_options()(kConfigOption, po::value<std::string>())(kValidateOnlyOption, "")(kHelpOption,
                                                                                              "");
  // No short options, so that "-5" is a value; no guessing, so that a new option never changes what an old
  // line means.
  using namespace po::command_line_style;
  constexpr int kStyle = allow_long | long_allow_adjacent | long_allow_next;

  return core::with_context("command line", [&] {
    std::vector<GivenOption> given;
    try {
      // The parser keeps references.
      const std::vector<std::string> words = with_values(arguments, options);
      const po::positional_options_description without_name = positional_words(options);
      po::command_line_parser parser(words);
      parser.options(description).style(kStyle).allow_unregistered();
      if (without_name.max_total_count() > 0) parser.positional(without_name);
      for (const auto& option : parser.run().options) {
        check_tokens(option);
        const auto earlier = std::find_if(given.begin(), given.end(), [&](const GivenOption& other) {
          return other.name == option.string_key;
        });
        if (option.position_key >= 0 && earlier != given.end() && takes_many(option.string_key, options)) {
          earlier->words.insert(earlier->words.end(), option.value.begin(), option.value.end());
          continue;
        }
        given.push_back({.name = option.string_key, .words = option.value, .where = "command line"});
        // The caller refuses it by its name, which says more than that the word after it belongs to no
        // option.
        if (option.unregistered) break;
      }
    } catch (const po::invalid_command_line_syntax& error) {
      throw core::UsageError(error.what());
    }
    return given;
  });
}

std::vector<GivenOption> read_config(std::istream& file, const std::string& name,
                                     const std::vector<OptionTable::Option>& options) {
  const po::options_description description = describe(options);
  std::vector<GivenOption> given;
  // Boost does not say in which line an option stood: it is given one line at a time, below its section.
  std::string section, text;
  for (int line = 1; std::getline(file, text); ++line) {
    const std::string where = fmt::format("{}, line {}", name, line);
    const auto first = text.find_first_not_of(" \t");
    const bool is_section = first != std::string::npos && text[first] == '[';
    if (is_section) section = text;
    std::istringstream lines(is_section ? text : section + "\n" + text);
    try {
      for (const auto& option : po::parse_config_file(lines, description, true).options) {
        given.push_back({.name = option.string_key, .words = option.value, .where = where});
      }
    } catch (const po::invalid_config_file_syntax&) {
      throw core::UsageError(
          fmt::format("{}: expected '[section]' or 'name = value', found '{}'", where, text));
    }
  }
  return given;
}

std::vector<GivenOption> read_config_file(const std::filesystem::path& path,
                                          const std::vector<OptionTable::Option>& options) {
  const auto fail = [&path] {
    throw core::UsageError(
        fmt::format("cannot read configuration file {}: {}", path.string(), std::strerror(errno)));
  };
  std::ifstream file(path);
  if (!file) fail();
  std::vector<GivenOption> given = read_config(file, path.string(), options);
  if (file.bad()) fail();
  return given;
}

}  // namespace foehn::config

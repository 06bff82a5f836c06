#include "option_source.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

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
      po::command_line_parser parser(arguments);
      parser.options(description).style(kStyle).allow_unregistered();
      // Any number of words, so that the caller refuses a second one as it does an option that is given
      // twice.
      po::positional_options_description bare_words;
      for (const auto& option : options) {
        if (option.description.positional) parser.positional(bare_words.add(option.name.c_str(), -1));
      }
      for (const auto& option : parser.run().options) {
        check_tokens(option);
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

std::vector<GivenOption> read_config_file(const std::filesystem::path& path,
                                          const std::vector<OptionTable::Option>& options) {
  const auto fail = [&path] {
    throw core::UsageError(
        fmt::format("cannot read configuration file {}: {}", path.string(), std::strerror(errno)));
  };
  std::ifstream file(path);
  if (!file) fail();

  const po::options_description description = describe(options);
  std::vector<GivenOption> given;
  // Boost does not say in which line an option stood: it is given one line at a time, below its section.
  std::string section, text;
  for (int line = 1; std::getline(file, text); ++line) {
    const std::string where = fmt::format("{}, line {}", path.string(), line);
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
  if (file.bad()) fail();
  return given;
}

}  // namespace foehn::config

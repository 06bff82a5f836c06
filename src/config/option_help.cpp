// OptionTable's two texts for people: help() for the terminal and reference() in Markdown.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "foehn/config/option_table.hpp"
#include "option_source.hpp"
#include "option_value.hpp"

namespace foehn::config {

namespace {

constexpr std::size_t kPageWidth = 100;
constexpr std::size_t kMaxLabelWidth = 38;
constexpr std::size_t kGap = 2;

struct CommonOption {
  std::string label;
  std::string doc;
};

/// What every subcommand understands.
std::vector<CommonOption> common_options() {
  return {{fmt::format("--{} FILE", kConfigOption),
           "Read options from this INI file: 'name = value' lines under [section] headings, '#' before a "
           "comment. "
           "The command line overrides it."},
          {fmt::format("--{}", kValidateOnlyOption), "Check everything, inputs included, and stop."},
          {fmt::format("--{}", kHelpOption), "Print this page and stop."}};
}

struct Section {
  std::string name;  ///< empty for options without one
  std::vector<const OptionTable::Option*> options;
};

/// The options by section, in the order in which sections were first declared.
std::vector<Section> by_section(const std::vector<OptionTable::Option>& options) {
  std::vector<Section> sections;
  for (const auto& option : options) {
    const auto dot = option.name.find('.');
    const std::string name = dot == std::string::npos ? "" : option.name.substr(0, dot);
    const auto has_this_name = [&name](const Section& section) { return section.name == name; };
    auto section = std::find_if(sections.begin(), sections.end(), has_this_name);
    if (section == sections.end()) section = sections.insert(section, {name, {}});
    section->options.push_back(&option);
  }
  return sections;
}

std::vector<std::string> wrap(const std::string& text, std::size_t width) {
  std::vector<std::string> lines;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > width) {
      lines.push_back(word);
    } else {
      lines.back() += " " + word;
    }
  }
  return lines;
}

std::string label(const OptionTable::Option& option) {
  return fmt::format("--{} {}", option.name, type_name(option));
}

/// The allowed values in words; empty if all are.
std::string allowed(const OptionTable::Option& option) {
  const std::vector<std::string> words = allowed_words(option);
  if (!words.empty()) return fmt::format("one of {}", fmt::join(words, ", "));
  return range_text(option.description);
}

/// "default 32; from 1 to 4096".
std::string details(const OptionTable::Option& option) {
  std::vector<std::string> parts;
  if (option.description.positional) {
    parts.push_back(is_list(option.target) ? "also as bare words" : "also as a bare word");
  }
  if (option.description.required) {
    parts.push_back("required");
  } else if (!option.default_text.empty()) {
    parts.push_back("default " + option.default_text);
  }
  if (!option.description.unit.empty()) parts.push_back("unit " + option.description.unit);
  if (const std::string values = allowed(option); !values.empty()) parts.push_back(values);
  return fmt::format("{}", fmt::join(parts, "; "));
}

/// One entry: the label, and beside it the paragraphs, in a column that starts after `label_width`.
std::string entry(const std::string& label, const std::vector<std::string>& paragraphs,
                  std::size_t label_width) {
  const std::size_t indent = kGap + label_width + kGap;
  std::string text = std::string(kGap, ' ') + label;
  bool is_beside_label = label.size() <= label_width;
  if (!is_beside_label) text += "\n";
  for (const auto& paragraph : paragraphs) {
    for (const auto& line : wrap(paragraph, kPageWidth - indent)) {
      text += std::string(is_beside_label ? indent - kGap - label.size() : indent, ' ') + line + "\n";
      is_beside_label = false;
    }
  }
  return text;
}

/// Text that stays within its cell of a Markdown table.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped;
}

/// " SPOOL JOBS..." where options may be given as bare words, in brackets those that may be left out; else
/// empty.
std::string bare_words(const std::vector<OptionTable::Option>& options) {
  std::string words;
  for (const OptionTable::Option& option : options) {
    if (!option.description.positional) continue;
    std::string word = option.name;
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char letter) { return std::toupper(letter); });
    if (is_list(option.target)) word += "...";
    words += option.description.required ? " " + word : fmt::format(" [{}]", word);
  }
  return words;
}

}  // namespace

std::string OptionTable::usage() const {
  return fmt::format("foehn {}{} [--config FILE] [--name value ...]", command_, bare_words(options_));
}

std::string OptionTable::help() const {
  std::size_t label_width = 0;
  const auto widen = [&label_width](const std::string& text) {
    if (text.size() <= kMaxLabelWidth) label_width = std::max(label_width, text.size());
  };
  for (const auto& option : options_) widen(label(option));
  for (const auto& option : common_options()) widen(option.label);

  std::string text = fmt::format("foehn {}: {}\n\n", command_, summary_);
  text += fmt::format("Usage:   {}\nExample: {}\n", usage(), example_);
  text +=
      "Lists (WORDS, NUMBERS, INTEGERS) are separated by commas or spaces; FILES by commas alone, so\n"
      "that paths may hold spaces. Quotes around a value keep its commas and spaces, on the command\n"
      "line and in files.\n";
  for (const auto& section : by_section(options_)) {
    text += section.name.empty() ? "\n" : fmt::format("\n[{}]\n", section.name);
    for (const auto* option : section.options) {
      const std::string bracketed = details(*option).empty() ? "" : fmt::format("[{}]", details(*option));
      text += entry(label(*option), {option->description.doc, bracketed}, label_width);
    }
  }
  text += "\nWith every subcommand:\n";
  for (const auto& option : common_options()) text += entry(option.label, {option.doc}, label_width);
  return text;
}

std::string OptionTable::reference() const {
  std::string text = fmt::format("## foehn {}\n\n{}\n\n```\n{}\n```\n", command_, summary_, example_);
  for (const auto& section : by_section(options_)) {
    text += fmt::format("\n### {}\n\n", section.name.empty() ? "Without a section" : section.name);
    text += "| option | type | unit | default | allowed | changes the result | what it does |\n";
    text += "|---|---|---|---|---|---|---|\n";
    for (const auto* option : section.options) {
      const Description& description = option->description;
      text += fmt::format(
          "| `{}` | {} | {} | {} | {} | {} | {} |\n", option->name, type_name(*option),
          cell(description.unit), description.required ? "required" : cell(option->default_text),
          cell(allowed(*option)), description.changes_result ? "yes" : "no", cell(description.doc));
    }
  }
  text += "\n### With every subcommand\n\n| option | what it does |\n|---|---|\n";
  for (const auto& option : common_options())
    text += fmt::format("| `{}` | {} |\n", option.label, cell(option.doc));
  return text;
}

}  // namespace foehn::config

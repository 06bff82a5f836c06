#include "option_value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <type_traits>
#include <variant>

#include "foehn/core/error.hpp"

namespace foehn::config {

namespace {

template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = true;

template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;

/// Calls `visitor` with every single value that the field holds: none for an empty optional, each one of a
/// list; words where the target is no plain field.
template <class Visitor>
void for_each_value(const OptionTable::Target& target, Visitor visitor) {
  std::visit(
      [&visitor]<class T>(const T& bound) {
        if constexpr (std::is_same_v<T, Choice>) {
          visitor(bound.name());
        } else if constexpr (std::is_same_v<T, Form>) {
          for (const std::string& word : bound.words()) visitor(word);
        } else if constexpr (kIsVector<std::remove_pointer_t<T>>) {
          for (const auto& value : *bound) visitor(value);
        } else if constexpr (kIsOptional<std::remove_pointer_t<T>>) {
          if (*bound) visitor(**bound);
        } else {
          visitor(*bound);
        }
      },
      target);
}

[[noreturn]] void wrong_type(const std::string& expected, const std::string& found) {
  throw core::UsageError(fmt::format("expected {}, found '{}'", expected, found));
}

/// What a word must be to read as a type.
template <class T>
const char* expected_of() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  return std::is_integral_v<T> ? "an integer" : "a number";
}

constexpr const char* kYes[] = {"true", "yes", "on", "1"};
constexpr const char* kNo[] = {"false", "no", "off", "0"};

template <class T>
T parse_word(const std::string& word, const char* expected) {
  if constexpr (std::is_same_v<T, std::string>) {
    return word;
  } else if constexpr (std::is_same_v<T, bool>) {
    for (const char* yes : kYes) {
      if (word == yes) return true;
    }
    for (const char* no : kNo) {
      if (word == no) return false;
    }
    wrong_type(expected, word);
  } else {
    T value{};
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, value);
    bool is_number = error == std::errc{} && stop == end;
    if constexpr (std::is_floating_point_v<T>) is_number = is_number && std::isfinite(value);
    if (!is_number) wrong_type(expected, word);
    return value;
  }
}

constexpr const char* kBlanks = " \t\r\n";

bool is_quote(char letter) {
  return letter == '"' || letter == '\'';
}

/// The end of the quoted value that begins at `first`, beyond its closing quote.
std::size_t end_of_quoted(const std::string& word, std::size_t first) {
  const auto closing = word.find(word[first], first + 1);
  if (closing == std::string::npos)
    throw core::UsageError(
        fmt::format("expected a closing {} in {} (in a file, '#' begins a comment)", word[first], word));
  return closing + 1;
}

/// The values of a list, from words that may each hold several.
/// @param separators  of values that are not quoted; white space around a value never belongs to it
std::vector<std::string> split(const std::vector<std::string>& words, const std::string& separators) {
  const std::string between = separators + kBlanks;
  std::vector<std::string> values;
  for (const std::string& word : words) {
    for (auto first = word.find_first_not_of(between); first != std::string::npos;) {
      std::size_t last = 0;
      if (is_quote(word[first])) {
        last = end_of_quoted(word, first);
        values.push_back(word.substr(first + 1, last - first - 2));
        if (last < word.size() && between.find(word[last]) == std::string::npos)
          throw core::UsageError(
              fmt::format("expected a comma after {}, found {}", word.substr(first, last - first), word));
      } else {
        last = std::min(word.find_first_of(separators, first), word.size());
        values.push_back(word.substr(first, word.find_last_not_of(kBlanks, last - 1) + 1 - first));
      }
      first = word.find_first_not_of(between, last);
    }
  }
  return values;
}

/// A single value without the quotes around it: a shell has taken them away, a file has not.
std::string unquoted(const std::string& word) {
  const bool is_quoted = word.size() >= 2 && is_quote(word.front()) && word.back() == word.front();
  return is_quoted ? word.substr(1, word.size() - 2) : word;
}

/// A value in quotes, where these keep it whole.
std::string quoted(const std::string& value) {
  const bool is_plain = value.find_first_of(", \t\"'") == std::string::npos && !value.empty();
  if (is_plain) return value;
  const char quote = value.find('"') == std::string::npos ? '"' : '\'';
  return quote + value + quote;
}

template <class T>
std::vector<T> parse_values(const std::vector<std::string>& values, const char* expected) {
  std::vector<T> parsed;
  for (const std::string& value : values) parsed.push_back(parse_word<T>(value, expected));
  return parsed;
}

std::string unit_suffix(const Description& description) {
  return description.unit.empty() || description.unit == "1" ? "" : " " + description.unit;
}

bool is_in_range(double value, const Description& description) {
  const bool above =
      description.minimum_excluded ? value > description.minimum : value >= description.minimum;
  return above && value <= description.maximum;
}

}  // namespace

bool is_list(const OptionTable::Target& target) {
  if (const auto* form = std::get_if<Form>(&target)) return form->is_list;
  return std::visit([]<class T>(const T&) { return kIsVector<std::remove_pointer_t<T>>; }, target);
}

bool is_bool_word(const std::string& word) {
  const auto is_word = [&word](const char* other) { return word == other; };
  return std::any_of(std::begin(kYes), std::end(kYes), is_word) ||
         std::any_of(std::begin(kNo), std::end(kNo), is_word);
}

bool is_numeric(const OptionTable::Target& target) {
  const std::string type = type_name(target);
  return type.starts_with("INTEGER") || type.starts_with("NUMBER");
}

std::string type_name(const OptionTable::Option& option) {
  return option.description.are_files ? "FILES" : type_name(option.target);
}

std::string type_name(const OptionTable::Target& target) {
  struct Name {
    std::string operator()(const bool*) const { return "BOOL"; }
    std::string operator()(const std::int64_t*) const { return "INTEGER"; }
    std::string operator()(const double*) const { return "NUMBER"; }
    std::string operator()(const std::string*) const { return "TEXT"; }
    std::string operator()(const std::vector<std::string>*) const { return "WORDS"; }
    std::string operator()(const std::vector<double>*) const { return "NUMBERS"; }
    std::string operator()(const std::vector<std::int64_t>*) const { return "INTEGERS"; }
    std::string operator()(const std::optional<bool>*) const { return "BOOL"; }
    std::string operator()(const std::optional<double>*) const { return "NUMBER"; }
    std::string operator()(const std::optional<std::int64_t>*) const { return "INTEGER"; }
    std::string operator()(const Choice&) const { return "TEXT"; }
    std::string operator()(const Form& form) const { return form.is_list ? "WORDS" : "TEXT"; }
  };
  return std::visit(Name{}, target);
}

std::string value_text(const OptionTable::Target& target) {
  std::vector<std::string> texts;
  for_each_value(target, [&texts](const auto& value) { texts.push_back(fmt::format("{}", value)); });
  return fmt::format("{}", fmt::join(texts, ","));
}

std::string config_value(const OptionTable::Option& option, const std::filesystem::path& folder) {
  const Description& description = option.description;
  std::vector<std::string> words;
  for_each_value(option.target, [&]<class T>(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      const bool is_relative = (description.is_path || description.are_files) && !value.empty();
      words.push_back(quoted(is_relative ? (folder / value).lexically_normal().string() : value));
    } else {
      words.push_back(fmt::format("{}", value));
    }
  });
  return fmt::format("{}", fmt::join(words, ", "));
}

nlohmann::json value_json(const OptionTable::Target& target) {
  return std::visit(
      []<class T>(const T& bound) -> nlohmann::json {
        if constexpr (std::is_same_v<T, Choice>) {
          return bound.name();
        } else if constexpr (std::is_same_v<T, Form>) {
          const std::vector<std::string> words = bound.words();
          return bound.is_list ? nlohmann::json(words) : nlohmann::json(words.front());
        } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>*>) {
          // As real numbers, 4.0: what a run is known by in checkpoints is made of this text.
          return std::vector<double>(bound->begin(), bound->end());
        } else if constexpr (kIsOptional<std::remove_pointer_t<T>>) {
          return *bound ? nlohmann::json(**bound) : nlohmann::json(nullptr);
        } else {
          return *bound;
        }
      },
      target);
}

std::vector<std::string> allowed_words(const OptionTable::Option& option) {
  const auto* choice = std::get_if<Choice>(&option.target);
  return choice != nullptr && option.description.choices.empty() ? choice->names()
                                                                 : option.description.choices;
}

std::string range_text(const Description& description) {
  const bool has_minimum = std::isfinite(description.minimum);
  const bool has_maximum = std::isfinite(description.maximum);
  const std::string unit = unit_suffix(description);
  if (!has_minimum && !has_maximum) return "";
  if (!has_minimum) return fmt::format("at most {}{}", description.maximum, unit);
  const std::string_view from = description.minimum_excluded ? "above" : has_maximum ? "from" : "at least";
  if (!has_maximum) return fmt::format("{} {}{}", from, description.minimum, unit);
  return fmt::format("{} {} to {}{}", from, description.minimum, description.maximum, unit);
}

namespace {

/// @throws UsageError if a word is not among those allowed
void check_word(const OptionTable::Option& option, const std::string& word) {
  const std::vector<std::string> words = allowed_words(option);
  if (words.empty() || std::find(words.begin(), words.end(), word) != words.end()) return;
  const auto meant = nearest(word, words);
  throw core::UsageError(fmt::format("{}: expected one of {}, found '{}'{}", option.name,
                                     fmt::join(words, ", "), word,
                                     meant ? fmt::format(" (did you mean '{}'?)", *meant) : ""));
}

/// @throws UsageError if a list has too few or too many values
void check_length(const OptionTable::Option& option) {
  const auto& [fewest, most] = std::pair(option.description.fewest, option.description.most);
  std::size_t length = 0;
  for_each_value(option.target, [&length](const auto&) { ++length; });
  if (length >= fewest && length <= most) return;
  const std::string expected = most == std::numeric_limits<std::size_t>::max()
                                   ? fmt::format("at least {}", fewest)
                                   : fmt::format("{} to {}", fewest, most);
  throw core::UsageError(fmt::format("{}: expected {} value{}, found {}", option.name, expected,
                                     expected.ends_with(" 1") ? "" : "s", length));
}

}  // namespace

void assign(const OptionTable::Option& option, const std::vector<std::string>& words) {
  if (const auto* choice = std::get_if<Choice>(&option.target)) {
    const std::string word = unquoted(words.front());
    check_word(option, word);
    return choice->set(word);
  }
  const std::string separators = option.description.are_files ? "," : ", \t\r\n";
  core::with_context(option.name, [&] {
    std::visit(
        [&]<class T>(const T& bound) {
          using Field = std::remove_pointer_t<T>;
          if constexpr (std::is_same_v<T, Form>) {
            bound.parse(bound.is_list ? split(words, separators) : std::vector{unquoted(words.front())});
          } else if constexpr (std::is_same_v<T, std::vector<std::int64_t>*>) {
            *bound = parse_values<std::int64_t>(split(words, separators), "whole numbers");
          } else if constexpr (std::is_same_v<T, Choice>) {
          } else if constexpr (kIsVector<Field>) {
            using Value = typename Field::value_type;
            *bound = parse_values<Value>(split(words, separators), expected_of<Value>());
          } else if constexpr (kIsOptional<Field>) {
            using Value = typename Field::value_type;
            *bound = parse_word<Value>(unquoted(words.front()), expected_of<Value>());
          } else {
            *bound = parse_word<Field>(unquoted(words.front()), expected_of<Field>());
          }
        },
        option.target);
  });
  check(option);
}

void check(const OptionTable::Option& option) {
  const Description& description = option.description;
  for_each_value(option.target, [&]<class T>(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      check_word(option, value);
    } else if constexpr (!std::is_same_v<T, bool>) {
      if (!is_in_range(static_cast<double>(value), description)) {
        throw core::UsageError(fmt::format("{}: expected a value {}, found {}{}", option.name,
                                           range_text(description), value, unit_suffix(description)));
      }
    }
  });
  if (is_list(option.target)) check_length(option);
}

}  // namespace foehn::config

#include "option_value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
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
/// list.
template <class Visitor>
void for_each_value(const OptionTable::Target& target, Visitor visitor) {
  std::visit(
      [&visitor]<class T>(const T* field) {
        if constexpr (kIsVector<T>) {
          for (const auto& value : *field) visitor(value);
        } else if constexpr (kIsOptional<T>) {
          if (*field) visitor(**field);
        } else {
          visitor(*field);
        }
      },
      target);
}

[[noreturn]] void wrong_type(const std::string& expected, const std::string& found) {
  throw core::UsageError(fmt::format("expected {}, found '{}'", expected, found));
}

template <class T>
T parse_word(const std::string& word) {
  if constexpr (std::is_same_v<T, std::string>) {
    return word;
  } else if constexpr (std::is_same_v<T, bool>) {
    for (const char* yes : {"true", "yes", "on", "1"}) {
      if (word == yes) return true;
    }
    for (const char* no : {"false", "no", "off", "0"}) {
      if (word == no) return false;
    }
    wrong_type("true or false", word);
  } else {
    T value{};
    const char* const end = word.data() + word.size();
    const auto [stop, error] = std::from_chars(word.data(), end, value);
    bool is_number = error == std::errc{} && stop == end;
    if constexpr (std::is_floating_point_v<T>) is_number = is_number && std::isfinite(value);
    if (!is_number) wrong_type(std::is_integral_v<T> ? "an integer" : "a number", word);
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
  return std::visit([]<class T>(const T*) { return kIsVector<T>; }, target);
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
    std::string operator()(const std::optional<bool>*) const { return "BOOL"; }
    std::string operator()(const std::optional<double>*) const { return "NUMBER"; }
    std::string operator()(const std::optional<std::int64_t>*) const { return "INTEGER"; }
  };
  return std::visit(Name{}, target);
}

std::string value_text(const OptionTable::Target& target) {
  std::vector<std::string> texts;
  for_each_value(target, [&texts](const auto& value) { texts.push_back(fmt::format("{}", value)); });
  return fmt::format("{}", fmt::join(texts, ","));
}

nlohmann::json value_json(const OptionTable::Target& target) {
  return std::visit(
      []<class T>(const T* field) -> nlohmann::json {
        if constexpr (kIsOptional<T>) {
          return *field ? nlohmann::json(**field) : nlohmann::json(nullptr);
        } else {
          return *field;
        }
      },
      target);
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

void assign(const OptionTable::Option& option, const std::vector<std::string>& words) {
  core::with_context(option.name, [&] {
    std::visit(
        [&]<class T>(T* field) {
          if constexpr (kIsVector<T>) {
            T values;
            for (const std::string& word : split(words, option.description.are_files ? "," : ", \t\r\n")) {
              values.push_back(parse_word<typename T::value_type>(word));
            }
            *field = std::move(values);
          } else if constexpr (kIsOptional<T>) {
            *field = parse_word<typename T::value_type>(unquoted(words.front()));
          } else {
            *field = parse_word<T>(unquoted(words.front()));
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
      const auto& choices = description.choices;
      if (!choices.empty() && std::find(choices.begin(), choices.end(), value) == choices.end()) {
        const auto meant = nearest(value, choices);
        throw core::UsageError(fmt::format("{}: expected one of {}, found '{}'{}", option.name,
                                           fmt::join(choices, ", "), value,
                                           meant ? fmt::format(" (did you mean '{}'?)", *meant) : ""));
      }
    } else if constexpr (!std::is_same_v<T, bool>) {
      if (!is_in_range(static_cast<double>(value), description)) {
        throw core::UsageError(fmt::format("{}: expected a value {}, found {}{}", option.name,
                                           range_text(description), value, unit_suffix(description)));
      }
    }
  });
}

}  // namespace foehn::config

#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>
#include <vector>

#include "foehn/config/choice.hpp"
#include "foehn/core/error.hpp"

namespace foehn::config {

/// A value for all variables, and values for some, which win: given as "mean", or "tas=mean,psl=point".
template <class Enum>
class PerVariable {
 public:
  /// The value for a variable, if it has one.
  std::optional<Enum> of(const std::string& variable) const {
    std::optional<Enum> value;
    for (const Setting& setting : settings_) {
      if (setting.variable == variable) return setting.value;
      if (setting.variable.empty()) value = setting.value;
    }
    return value;
  }
  /// The variables that are named.
  std::vector<std::string> variables() const {
    std::vector<std::string> names;
    for (const Setting& setting : settings_)
      if (!setting.variable.empty()) names.push_back(setting.variable);
    return names;
  }

  /// @throws core::UsageError for a word that names no value
  void parse(const std::vector<std::string>& words) {
    settings_.clear();
    for (const std::string& word : words) {
      const auto equals = word.find('=');
      const bool is_pair = equals != std::string::npos;
      settings_.push_back(
          {is_pair ? word.substr(0, equals) : "", value_of(is_pair ? word.substr(equals + 1) : word, word)});
    }
  }
  std::vector<std::string> words() const {
    std::vector<std::string> words;
    for (const Setting& setting : settings_)
      words.push_back(setting.variable + (setting.variable.empty() ? "" : "=") + name_of(setting.value));
    return words;
  }
  /// What binds an option to this.
  Form form() {
    return {.is_list = true,
            .parse = [this](const std::vector<std::string>& words) { parse(words); },
            .words = [this] { return words(); }};
  }

 private:
  struct Setting {
    std::string variable;  // empty: all
    Enum value;
  };
  static Enum value_of(const std::string& name, const std::string& word) {
    std::vector<std::string> known;
    for (const Named<Enum>& named : names_of<Enum>()) {
      if (named.name == name) return named.value;
      known.emplace_back(named.name);
    }
    throw core::UsageError(fmt::format("expected {}, or variable={}, found '{}'", fmt::join(known, " or "),
                                       known.front(), word));
  }

  std::vector<Setting> settings_;
};

}  // namespace foehn::config

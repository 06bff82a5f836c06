#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace foehn::config {

/// A value of an enumeration and the word that a user gives for it.
template <class Enum>
struct Named {
  Enum value;
  const char* name;
};

/// The names of an enumeration's values, in the order in which help lists them: specialised for each
/// enumeration that an option sets.
template <class Enum>
const std::vector<Named<Enum>>& names_of();

/// The word for a value.
template <class Enum>
std::string name_of(Enum value) {
  for (const Named<Enum>& named : names_of<Enum>())
    if (named.value == value) return named.name;
  throw std::logic_error("a value of an enumeration has no name");
}

/// A field of an enumeration, set by the name of one of its values.
class Choice {
 public:
  template <class Enum>
  explicit Choice(Enum* field)
      : get_([field] { return name_of(*field); }),
        set_([field](std::size_t index) { *field = names_of<Enum>()[index].value; }) {
    for (const Named<Enum>& named : names_of<Enum>()) names_.emplace_back(named.name);
  }

  const std::vector<std::string>& names() const { return names_; }
  /// The name of the value in force.
  std::string name() const { return get_(); }
  /// @param name  one of the names
  void set(const std::string& name) const {
    set_(static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin()));
  }

 private:
  std::vector<std::string> names_;
  std::function<std::string()> get_;
  std::function<void(std::size_t)> set_;
};

/// A field that is written as text in a form of its own: "auto or a number", "variable=kind" pairs.
struct Form {
  bool is_list = false;
  /// Sets the field from the words given: one, unless it is a list.
  /// @throws core::UsageError saying what was expected
  std::function<void(const std::vector<std::string>& words)> parse;
  /// The value in force, as it may be given.
  std::function<std::vector<std::string>()> words;
};

}  // namespace foehn::config

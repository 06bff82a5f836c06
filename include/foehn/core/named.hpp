#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace foehn::core {

/// A value of an enumeration and the word that a user gives for it.
template <class Enum>
struct Named {
  Enum value;
  const char* name;
};

/// The words for an enumeration's values, in the order in which help lists them: specialised beside each
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

}  // namespace foehn::core

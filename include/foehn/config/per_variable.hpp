#pragma once

#include <string>
#include <vector>

#include "foehn/config/choice.hpp"
#include "foehn/core/per_variable.hpp"

namespace foehn::config {

/// What binds an option to values per variable: a list, "mean", or "tas=mean,psl=point".
template <class Enum>
Form form_of(core::PerVariable<Enum>& values) {
  return {.is_list = true,
          .parse = [&values](const std::vector<std::string>& words) { values.parse(words); },
          .words = [&values] { return values.words(); }};
}

}  // namespace foehn::config

#pragma once

#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/tuning/tune.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<tuning::Parameter>>& names_of();

}  // namespace foehn::core

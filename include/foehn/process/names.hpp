#pragma once

#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/process/device.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<process::DeviceChoice>>& names_of();

}  // namespace foehn::core

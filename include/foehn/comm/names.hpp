#pragma once

#include <vector>

#include "foehn/comm/transport.hpp"
#include "foehn/core/named.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<comm::TransportChoice>>& names_of();

}  // namespace foehn::core

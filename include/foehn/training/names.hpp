#pragma once

#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/training/settings.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<training::NetworkKind>>& names_of();
template <>
const std::vector<Named<training::NetworkChoice>>& names_of();
template <>
const std::vector<Named<training::ScheduleKind>>& names_of();
template <>
const std::vector<Named<training::NoiseKind>>& names_of();
template <>
const std::vector<Named<training::Decay>>& names_of();

}  // namespace foehn::core

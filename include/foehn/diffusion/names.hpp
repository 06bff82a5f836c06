#pragma once

#include <optional>
#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/diffusion/sampler.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<diffusion::Method>>& names_of();
template <>
const std::vector<Named<std::optional<diffusion::Spacing>>>& names_of();

}  // namespace foehn::core

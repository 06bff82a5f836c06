#pragma once

#include <optional>
#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/job/settings.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<job::Guidance>>& names_of();
template <>
const std::vector<Named<std::optional<job::Covariance>>>& names_of();
template <>
const std::vector<Named<job::ObservationOperator>>& names_of();
template <>
const std::vector<Named<conditioning::Interpolation>>& names_of();
template <>
const std::vector<Named<conditioning::WithheldUnit>>& names_of();
template <>
const std::vector<Named<job::Layout>>& names_of();

}  // namespace foehn::core

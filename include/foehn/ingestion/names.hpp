#pragma once

#include <optional>
#include <vector>

#include "foehn/core/named.hpp"
#include "foehn/ingestion/bias_correction.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "foehn/io/time_cells.hpp"

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<ingestion::RegridMethod>>& names_of();
template <>
const std::vector<Named<io::TimeSampling>>& names_of();
template <>
const std::vector<Named<std::optional<ingestion::BiasMethod>>>& names_of();
template <>
const std::vector<Named<bias::Kind>>& names_of();

}  // namespace foehn::core

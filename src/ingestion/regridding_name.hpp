#pragma once

#include <string>

#include "foehn/ingestion/names.hpp"
#include "foehn/ingestion/preparation_options.hpp"

namespace foehn::ingestion {

/// How fields come onto the fine grid: "bilinear", "conservative", "weight file".
inline std::string regridding_name(const PreparationOptions& options) {
  return options.weights.empty() ? core::name_of(options.method) : "weight file";
}

}  // namespace foehn::ingestion

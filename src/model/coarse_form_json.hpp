#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foehn/model/coarse_fields.hpp"

namespace foehn::model {

/// What a prior's metadata 'foehn.coarse' says, not yet checked: {"blocks": [1, 2], "every": [3, 6], "scale":
/// [1.25, 7], "conserves_means": true}, or "row_sizes" in the place of the last where means are over cells of
/// a reduced Gaussian grid, or "transforms_means" where variables are transformed (TransformedSnapshots), so
/// that programs before 0.9.0, which would take their means as they are, refuse it.
/// @throws nlohmann::json::exception if a field is missing or of another type; core::Error for coarse fields
///         of a program that made them in another way
CoarseForm coarse_form(const nlohmann::json& json);

bool transforms_means(const nlohmann::json& json);

/// The inverse.
nlohmann::json coarse_json(const CoarseForm& form, bool transforms_means);

}  // namespace foehn::model

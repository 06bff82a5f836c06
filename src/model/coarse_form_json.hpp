#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foehn/model/coarse_fields.hpp"

namespace foehn::model {

/// What a prior's metadata 'foehn.coarse' says, not yet checked: {"blocks": [1, 2], "every": [3, 6], "scale":
/// [1.25, 7], "conserves_means": true}, or "row_sizes" in the place of the last where means are over cells of
/// a reduced Gaussian grid.
/// @throws nlohmann::json::exception if a field is missing or of another type; core::Error for coarse fields
///         of a program that made them in another way
CoarseForm coarse_form(const nlohmann::json& json);

/// The inverse.
nlohmann::json coarse_json(const CoarseForm& form);

}  // namespace foehn::model

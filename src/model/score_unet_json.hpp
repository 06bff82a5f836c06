#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foehn/model/score_unet.hpp"

namespace foehn::model {

/// An architecture as files state it: {"window": 13, "variables": ["psl", ...], "hidden": [...],
/// "blocks": [...], "attention": [...], "embedding": 512}, and
/// "inputs": 2 where two fields enter for each channel, "dates": true where it knows dates, the names of
/// "static_fields" where it knows some, and "form": "adm". Not checked for sense.
/// @throws nlohmann::json::exception if a field is missing or of another type; core::Error for another form
ScoreUnetArchitecture score_unet_architecture(const nlohmann::json& json);

/// The inverse.
/// @param variables  names, as many as the architecture has
nlohmann::json score_unet_json(const ScoreUnetArchitecture& architecture,
                               const std::vector<std::string>& variables);

}  // namespace foehn::model

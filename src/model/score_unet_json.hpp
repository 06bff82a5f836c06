#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foehn/model/score_unet.hpp"

namespace foehn::model {

/// An architecture as files state it: {"window": 13, "variables": ["psl", ...], "hidden": [...],
/// "blocks": [...], "attention": [...], "embedding": 512}. Not checked for sense.
/// @throws nlohmann::json::exception if a field is missing or of another type
ScoreUnetArchitecture score_unet_architecture(const nlohmann::json& json);

}  // namespace foehn::model

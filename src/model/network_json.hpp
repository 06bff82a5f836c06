#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foehn/model/network_architecture.hpp"

namespace foehn::model {

/// What a prior's metadata 'foehn.architecture' says of its network, not yet checked.
/// @throws nlohmann::json::exception
GraphTransformerArchitecture graph_transformer_architecture(const nlohmann::json& json);

/// @param variables  their names
nlohmann::json network_json(const NetworkArchitecture& architecture,
                            const std::vector<std::string>& variables);

}  // namespace foehn::model

#include "model/network_json.hpp"

#include <nlohmann/json.hpp>

#include "model/inputs_json.hpp"
#include "model/score_unet_json.hpp"

namespace foehn::model {

GraphTransformerArchitecture graph_transformer_architecture(const nlohmann::json& json) {
  GraphTransformerArchitecture architecture;
  read_inputs(json, architecture);
  json.at("mesh_level").get_to(architecture.mesh_level);
  json.at("width").get_to(architecture.width);
  json.at("heads").get_to(architecture.heads);
  json.at("layers").get_to(architecture.layers);
  return architecture;
}

nlohmann::json network_json(const NetworkArchitecture& architecture,
                            const std::vector<std::string>& variables) {
  if (const auto* unet = std::get_if<ScoreUnetArchitecture>(&architecture))
    return score_unet_json(*unet, variables);
  const auto& graph = std::get<GraphTransformerArchitecture>(architecture);
  nlohmann::json json = inputs_json(graph, variables);
  json["mesh_level"] = graph.mesh_level;
  json["width"] = graph.width;
  json["heads"] = graph.heads;
  json["layers"] = graph.layers;
  return json;
}

}  // namespace foehn::model

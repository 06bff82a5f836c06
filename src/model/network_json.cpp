#include "model/network_json.hpp"

#include <nlohmann/json.hpp>

#include "model/score_unet_json.hpp"

namespace foehn::model {

GraphTransformerArchitecture graph_transformer_architecture(const nlohmann::json& json) {
  GraphTransformerArchitecture architecture;
  json.at("window").get_to(architecture.window);
  architecture.variables = static_cast<std::int64_t>(json.at("variables").size());
  json.at("mesh_level").get_to(architecture.mesh_level);
  json.at("width").get_to(architecture.width);
  json.at("heads").get_to(architecture.heads);
  json.at("layers").get_to(architecture.layers);
  architecture.inputs = json.value("inputs", std::int64_t{1});
  architecture.extra_inputs = json.value("extra_inputs", std::int64_t{0});
  architecture.dates = json.value("dates", false);
  architecture.static_fields = json.value("static_fields", std::vector<std::string>{});
  return architecture;
}

nlohmann::json network_json(const NetworkArchitecture& architecture,
                            const std::vector<std::string>& variables) {
  if (const auto* unet = std::get_if<ScoreUnetArchitecture>(&architecture))
    return score_unet_json(*unet, variables);
  const auto& graph = std::get<GraphTransformerArchitecture>(architecture);
  nlohmann::json json{{"window", graph.window}, {"variables", variables}, {"mesh_level", graph.mesh_level},
                      {"width", graph.width},   {"heads", graph.heads},   {"layers", graph.layers},
                      {"inputs", graph.inputs}};
  if (graph.extra_inputs > 0) json["extra_inputs"] = graph.extra_inputs;
  if (graph.dates) json["dates"] = true;
  if (!graph.static_fields.empty()) json["static_fields"] = graph.static_fields;
  return json;
}

}  // namespace foehn::model

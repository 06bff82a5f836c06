#include "model/score_unet_json.hpp"

#include <nlohmann/json.hpp>

namespace foehn::model {

ScoreUnetArchitecture score_unet_architecture(const nlohmann::json& json) {
  ScoreUnetArchitecture architecture;
  json.at("window").get_to(architecture.window);
  architecture.variables = static_cast<std::int64_t>(json.at("variables").size());
  json.at("hidden").get_to(architecture.hidden);
  json.at("blocks").get_to(architecture.blocks);
  json.at("attention").get_to(architecture.attention);
  json.at("embedding").get_to(architecture.embedding);
  architecture.inputs = json.value("inputs", std::int64_t{1});
  architecture.extra_inputs = json.value("extra_inputs", std::int64_t{0});
  architecture.dates = json.value("dates", false);
  return architecture;
}

nlohmann::json score_unet_json(const ScoreUnetArchitecture& architecture,
                               const std::vector<std::string>& variables) {
  nlohmann::json json{{"window", architecture.window},       {"variables", variables},
                      {"hidden", architecture.hidden},       {"blocks", architecture.blocks},
                      {"attention", architecture.attention}, {"embedding", architecture.embedding},
                      {"inputs", architecture.inputs}};
  if (architecture.extra_inputs > 0) json["extra_inputs"] = architecture.extra_inputs;
  if (architecture.dates) json["dates"] = true;
  return json;
}

}  // namespace foehn::model

#include "model/score_unet_json.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

NetworkForm form_named(const std::string& word) {
  for (const core::Named<NetworkForm>& named : core::names_of<NetworkForm>())
    if (word == named.name) return named.value;
  throw core::Error(
      fmt::format("architecture: form: this program knows climate2weather and adm, found '{}'", word));
}

}  // namespace

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
  architecture.static_fields = json.value("static_fields", std::vector<std::string>{});
  architecture.form = form_named(json.value("form", core::name_of(NetworkForm::climate2weather)));
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
  if (!architecture.static_fields.empty()) json["static_fields"] = architecture.static_fields;
  if (architecture.form != NetworkForm::climate2weather) json["form"] = core::name_of(architecture.form);
  return json;
}

}  // namespace foehn::model

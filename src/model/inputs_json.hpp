#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace foehn::model {

/// Reads what every architecture says of a network's inputs, in the words of files.
/// @throws nlohmann::json::exception if a field is missing or of another type
template <class Architecture>
void read_inputs(const nlohmann::json& json, Architecture& architecture) {
  json.at("window").get_to(architecture.window);
  architecture.variables = static_cast<std::int64_t>(json.at("variables").size());
  architecture.inputs = json.value("inputs", std::int64_t{1});
  architecture.extra_inputs = json.value("extra_inputs", std::int64_t{0});
  architecture.dates = json.value("dates", false);
  architecture.static_fields = json.value("static_fields", std::vector<std::string>{});
}

/// The inverse: an object, to which the network's own fields are to be added.
/// @param variables  names, as many as the architecture has
template <class Architecture>
nlohmann::json inputs_json(const Architecture& architecture, const std::vector<std::string>& variables) {
  nlohmann::json json{
      {"window", architecture.window}, {"variables", variables}, {"inputs", architecture.inputs}};
  if (architecture.extra_inputs > 0) json["extra_inputs"] = architecture.extra_inputs;
  if (architecture.dates) json["dates"] = true;
  if (!architecture.static_fields.empty()) json["static_fields"] = architecture.static_fields;
  return json;
}

}  // namespace foehn::model

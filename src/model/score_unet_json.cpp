#include "model/score_unet_json.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "foehn/core/error.hpp"
#include "model/inputs_json.hpp"

namespace foehn::model {

namespace {

/// Ends the form of a network that sees tiles, so that programs that know none refuse it.
constexpr std::string_view kInTiles = "-in-tiles";

NetworkForm form_named(const std::string& word) {
  for (const core::Named<NetworkForm>& named : core::names_of<NetworkForm>())
    if (word == named.name) return named.value;
  throw core::Error(
      fmt::format("architecture: form: this program knows climate2weather and adm, found '{}'", word));
}

}  // namespace

ScoreUnetArchitecture score_unet_architecture(const nlohmann::json& json) {
  ScoreUnetArchitecture architecture;
  read_inputs(json, architecture);
  json.at("hidden").get_to(architecture.hidden);
  json.at("blocks").get_to(architecture.blocks);
  json.at("attention").get_to(architecture.attention);
  json.at("embedding").get_to(architecture.embedding);
  std::string form = json.value("form", core::name_of(NetworkForm::climate2weather));
  if (form.ends_with(kInTiles)) {
    form.resize(form.size() - kInTiles.size());
    const auto tile = json.at("tile").get<std::array<std::int64_t, 3>>();
    architecture.tile = {tile[0], tile[1], tile[2]};
  }
  architecture.form = form_named(form);
  return architecture;
}

nlohmann::json score_unet_json(const ScoreUnetArchitecture& architecture,
                               const std::vector<std::string>& variables) {
  nlohmann::json json = inputs_json(architecture, variables);
  json["hidden"] = architecture.hidden;
  json["blocks"] = architecture.blocks;
  json["attention"] = architecture.attention;
  json["embedding"] = architecture.embedding;
  if (architecture.form != NetworkForm::climate2weather) json["form"] = core::name_of(architecture.form);
  const TileForm& tile = architecture.tile;
  if (!tile.is_whole()) {
    json["form"] = core::name_of(architecture.form) + std::string(kInTiles);
    json["tile"] = {tile.ny, tile.nx, tile.overlap};
  }
  return json;
}

}  // namespace foehn::model

#include "foehn/tuning/trial.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "foehn/core/error.hpp"

namespace foehn::tuning {

Tried tried(const Trial& trial, const Weighing& weighing) {
  Tried result{trial.values, {}};
  if (trial.scores.empty()) return result;
  double sum = 0;
  for (std::size_t i = 0; i < trial.scores.size(); ++i) {
    const VariableScore& score = trial.scores[i];
    // Members that are all alike have a spread of 0, which counts only where spread does.
    const double spread =
        weighing.spread_weight > 0 ? 1 + weighing.spread_weight * std::abs(std::log(score.spread_skill)) : 1;
    result.losses.push_back(score.fair_crps / weighing.scale[i] * spread);
    sum += result.losses.back();
  }
  result.loss = sum / static_cast<double>(trial.scores.size());
  return result;
}

nlohmann::json to_json(const Trial& trial, const std::vector<Dimension>& dimensions,
                       const std::vector<io::Variable>& variables) {
  nlohmann::json json{{"trial", trial.number}};
  for (std::size_t i = 0; i < dimensions.size(); ++i) json["values"][dimensions[i].name] = trial.values[i];
  for (std::size_t i = 0; i < trial.scores.size(); ++i) {
    const VariableScore& score = trial.scores[i];
    json["scores"][variables[i].name] = {
        {"fair_crps", score.fair_crps}, {"rmse", score.rmse}, {"spread_skill", score.spread_skill}};
  }
  if (!trial.failure.empty()) json["failure"] = trial.failure;
  return json;
}

Trial parse_trial(const nlohmann::json& json, const std::vector<Dimension>& dimensions,
                  const std::vector<io::Variable>& variables) {
  try {
    Trial trial;
    json.at("trial").get_to(trial.number);
    for (const Dimension& dimension : dimensions)
      trial.values.push_back(json.at("values").at(dimension.name).get<double>());
    if (json.contains("failure")) {
      json.at("failure").get_to(trial.failure);
      return trial;
    }
    for (const io::Variable& variable : variables) {
      const nlohmann::json& score = json.at("scores").at(variable.name);
      trial.scores.push_back({score.at("fair_crps").get<double>(), score.at("rmse").get<double>(),
                              score.at("spread_skill").get<double>()});
    }
    return trial;
  } catch (const nlohmann::json::exception& error) {
    throw core::Error(fmt::format("not a trial of this search: {}", error.what()));
  }
}

std::string describe(const Trial& trial, const std::vector<Dimension>& dimensions,
                     const std::vector<io::Variable>& variables) {
  std::vector<std::string> values, scores;
  for (std::size_t i = 0; i < dimensions.size(); ++i)
    values.push_back(fmt::format("{} {:.3g}", dimensions[i].name, trial.values[i]));
  for (std::size_t i = 0; i < trial.scores.size(); ++i)
    scores.push_back(fmt::format("{} fair CRPS {:.4g} {}, spread/skill {:.2f}", variables[i].name,
                                 trial.scores[i].fair_crps, variables[i].units,
                                 trial.scores[i].spread_skill));
  return fmt::format("trial {}: {}: {}", trial.number, fmt::join(values, ", "),
                     trial.scores.empty() ? trial.failure : fmt::format("{}", fmt::join(scores, "; ")));
}

}  // namespace foehn::tuning

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/score_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/evaluation/report.hpp"

namespace foehn::evaluation {
namespace {

using Json = nlohmann::ordered_json;

void require_finite(const Json& value, const std::string& name) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw core::Error("score " + name + " is not finite");
  }
  if (!value.is_structured()) return;
  for (const auto& [key, element] : value.items())
    require_finite(element, name.empty() ? key : name + "." + key);
}

Json row_json(const HourScores& row, const std::vector<ScoreKind>& kinds) {
  Json json;
  json["hours"] = row.hours;
  for (const auto& kind : kinds) {
    if (const auto value = kind.value(row)) json[kind.name] = *value;
  }
  json["rank_histogram"] = row.ensemble.rank_histogram;
  return json;
}

Json agreement_json(const ObservationAgreement& agreement, const std::string& units) {
  Json json;
  if (agreement.standard_deviation) {
    json["standard_deviation"] = *agreement.standard_deviation;
    json["units"] = "1";
    json["meaning"] =
        "members' block means minus observations, in standard deviations of the observation error";
  } else {
    json["units"] = units;
    json["meaning"] = "members' block means minus observations";
  }
  json["rms"] = agreement.rms;
  json["mean"] = agreement.mean;
  json["missing_fraction"] = agreement.missing_fraction;
  return json;
}

Json increments_json(const Results& results, const VariableResults& scores, const std::string& units) {
  Json json;
  json["meaning"] = "variance of x(h) - x(h - 1) over cells, by hours of h since the last observation";
  json["units"] = fmt::format("({})2", units);
  for (std::size_t steps = 0; steps < scores.increments.size(); ++steps) {
    const IncrementVariances& row = scores.increments[steps];
    if (row.hours == 0) continue;
    Json entry = {{"hours_since_observation", since_observation_hours(results, steps)},
                  {"hours", row.hours},
                  {"truth", row.truth},
                  {"members", row.members}};
    if (!std::isnan(row.interpolation)) entry["interpolation"] = row.interpolation;
    json["by_hours_since_observation"].push_back(entry);
  }
  if (scores.seam)
    json["seam"] = {{"meaning", "variance of increments to observed hours over that of the others"},
                    {"units", "1"},
                    {"truth", scores.seam->truth},
                    {"members", scores.seam->members}};
  return json;
}

}  // namespace

Json scores_json(const Results& results) {
  const auto kinds = score_kinds(results);
  Json json;
  json["summary"] = summary(results);
  json["members"] = results.members;
  json["first_time"] = results.first_time;
  json["last_time"] = results.last_time;
  json["hours"] = results.hours;
  json["step_hours"] = results.step_hours;
  json["observation_period_hours"] =
      since_observation_hours(results, static_cast<std::size_t>(results.period));
  json["block_cells"] = results.block;
  json["grid_size"] = {results.grid.ny(), results.grid.nx()};
  for (std::size_t index = 0; index < results.variables.size(); ++index) {
    const auto& variable = results.variables[index];
    const auto& scores = results.scores[index];
    Json entry;
    entry["standard_name"] = variable.standard_name;
    entry["units"] = variable.units;
    for (const auto& kind : kinds) entry["score_units"][kind.name] = kind.has_unit ? variable.units : "1";
    entry["all_hours"] = row_json(scores.all_hours, kinds);
    if (scores.observed_hours) entry["observed_hours"] = row_json(*scores.observed_hours, kinds);
    if (scores.hours_between) entry["hours_between"] = row_json(*scores.hours_between, kinds);
    for (std::size_t steps = 0; steps < scores.by_hours_since_observation.size(); ++steps) {
      Json row = {{"hours_since_observation", since_observation_hours(results, steps)}};
      row.update(row_json(scores.by_hours_since_observation[steps], kinds));
      entry["by_hours_since_observation"].push_back(row);
    }
    entry["increments"] = increments_json(results, scores, variable.units);
    if (scores.is_observed) entry["observation_agreement"] = agreement_json(scores.agreement, variable.units);
    entry["spectrum_ratio"] = {{"units", "1"},
                               {"wavelength_cells", scores.spectrum.wavelength_cells},
                               {"members", scores.spectrum.members}};
    if (has_interpolation_spectrum(scores))
      entry["spectrum_ratio"]["interpolation"] = scores.spectrum.interpolation;
    json["variables"][variable.name] = entry;
  }
  require_finite(json, "");
  return json;
}

}  // namespace foehn::evaluation

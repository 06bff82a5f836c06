#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/climate_change_report.hpp"
#include "evaluation/overall_scores.hpp"
#include "evaluation/score_table.hpp"
#include "evaluation/trajectory_report.hpp"
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
  if (!row.ensemble.rank_histogram.empty()) {
    json["rank_histogram"] = row.ensemble.rank_histogram;
    json["pit_histogram"] = pit_histogram(row.ensemble.rank_histogram, kPitBins);
  }
  for (const auto& [name, interval] : row.intervals) json["intervals"][name] = {interval.low, interval.high};
  return json;
}

/// Adds the intervals of overall scores that have one, by their names without what these begin with.
void add_interval_entries(Json& json, const Results& results, const std::string& subject,
                          const std::string& beginning, const std::vector<std::string>& names) {
  for (const std::string& name : names)
    if (const auto interval = interval_of(results, subject, beginning + name))
      json["intervals"][name] = {interval->low, interval->high};
}

void add_row(Json& rows, const char* name, std::size_t number, const HourScores& scores,
             const std::vector<ScoreKind>& kinds) {
  if (scores.hours == 0) return;
  Json row = {{name, number}};
  row.update(row_json(scores, kinds));
  rows.push_back(row);
}

/// Adds what a spectrum, or its ratios, are given along.
void add_abscissa(Json& json, const auto& spectrum) {
  if (spectrum.degree.empty())
    json["wavelength_cells"] = spectrum.wavelength_cells;
  else
    json["degree"] = spectrum.degree;
}

Json spectra_json(const VariableResults& scores, const std::string& units) {
  const SpatialSpectra& spectra = scores.spectra;
  Json json;
  json["meaning"] = spectrum_meaning(spectra);
  json["units"] = fmt::format("({})2", units);
  add_abscissa(json, spectra);
  json["members"] = spectra.members;
  if (scores.has_truth) json["truth"] = spectra.truth;
  if (has_interpolation_spectrum(scores)) json["interpolation"] = spectra.interpolation;
  return json;
}

Json spectrum_ratio_json(const Results& results, std::size_t index) {
  const VariableResults& scores = results.scores[index];
  const SpectrumRatios& ratios = scores.spectrum;
  Json json = {{"units", "1"}};
  add_abscissa(json, ratios);
  json["members"] = ratios.members;
  if (has_interpolation_spectrum(scores)) json["interpolation"] = ratios.interpolation;
  if (ratios.members_log_ratio) json["members_mean_absolute_log_ratio"] = *ratios.members_log_ratio;
  if (ratios.interpolation_log_ratio)
    json["interpolation_mean_absolute_log_ratio"] = *ratios.interpolation_log_ratio;
  if (const auto interval = interval_of(results, results.variables[index].name, "spectrum_log_ratio"))
    json["members_mean_absolute_log_ratio_interval"] = {interval->low, interval->high};
  return json;
}

Json joint_json(const Results& results) {
  const JointResults& joint = results.joint;
  Json json;
  json["meaning"] =
      "fair scores of tiles of 3 x 3 cells of all variables, 0, 3 and 6 h back, standardised by cell; "
      "correlations, tail dependence and joint exceedance (of the reference's local and seasonal 95 % "
      "quantiles) over cells and hours";
  json["units"] = "1";
  json["tiles"] = joint.tiles;
  if (joint.energy_score) json["energy_score"] = *joint.energy_score;
  if (joint.variogram_score) json["variogram_score"] = *joint.variogram_score;
  add_interval_entries(json, results, kAllVariables, "", {"energy_score", "variogram_score"});
  for (const PairResults& pair : joint.pairs) {
    Json entry = {{"variables", {pair.first, pair.second}}};
    const auto add = [&](const char* name, const std::optional<double>& value) {
      if (value) entry[name] = *value;
    };
    add("truth_correlation", pair.truth_correlation);
    add("members_correlation", pair.members_correlation);
    add("correlation_error", correlation_error(pair));
    add("truth_tail_dependence", pair.truth_tail_dependence);
    add("members_tail_dependence", pair.members_tail_dependence);
    add("truth_joint_exceedance", pair.truth_joint_exceedance);
    add("members_joint_exceedance", pair.members_joint_exceedance);
    add_interval_entries(entry, results, subject_of(pair), "",
                         {"correlation_error", "tail_dependence_error", "joint_exceedance_error"});
    json["pairs"].push_back(entry);
  }
  return json;
}

Json event_json(const char* meaning, const EventReliability& event) {
  Json json = {{"event", meaning},
               {"base_rate", event.base_rate},
               {"brier_score", event.brier_score},
               {"reliability", event.reliability},
               {"resolution", event.resolution},
               {"uncertainty", event.uncertainty},
               {"probability", event.probability},
               {"forecasts", event.forecasts}};
  if (event.fair_brier_score) json["fair_brier_score"] = *event.fair_brier_score;
  for (const double frequency : event.frequency)
    json["frequency"].push_back(std::isnan(frequency) ? Json(nullptr) : Json(frequency));
  return json;
}

Json events_json(const Results& results, std::size_t index) {
  const VariableResults& scores = results.scores[index];
  Json json;
  const auto add = [&](const char* name, const char* meaning, const std::optional<EventReliability>& event) {
    if (!event) return;
    json[name] = event_json(meaning, *event);
    if (const auto skill = brier_skill(event)) json[name]["brier_skill"] = *skill;
    add_interval_entries(json[name], results, results.variables[index].name, std::string(name) + "_event_",
                         {"brier_skill", "brier_score", "fair_brier_score", "reliability"});
  };
  add("upper", "above the truth's local and seasonal 95 % quantile", scores.upper_event);
  add("lower", "below the truth's local and seasonal 5 % quantile", scores.lower_event);
  return json;
}

Json similarity_json(const Results& results, std::size_t index) {
  const VariableResults& scores = results.scores[index];
  Json json = {{"meaning", "mean over 15 x 15 cells of the structural similarity to the truth, every 3 h"},
               {"units", "1"},
               {"members", *scores.members_similarity}};
  if (scores.interpolation_similarity) json["interpolation"] = *scores.interpolation_similarity;
  if (const auto interval = interval_of(results, results.variables[index].name, "structural_similarity"))
    json["members_interval"] = {interval->low, interval->high};
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
                  {"members", row.members}};
    if (!std::isnan(row.truth)) entry["truth"] = row.truth;
    if (!std::isnan(row.interpolation)) entry["interpolation"] = row.interpolation;
    json["by_hours_since_observation"].push_back(entry);
  }
  if (!scores.seam) return json;
  json["seam"] = {{"meaning", "variance of increments to observed hours over that of the others"},
                  {"units", "1"},
                  {"members", scores.seam->members}};
  if (scores.seam->truth) json["seam"]["truth"] = *scores.seam->truth;
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
  if (results.native_grid)
    json["observation_cells"] = results.native_grid->cells();
  else
    json["block_cells"] = results.block;
  json["bootstrap_blocks"] = results.blocks;
  json["bootstrap_replicates"] = results.replicates;
  if (results.grid.unstructured)
    json["grid_size"] = {results.grid.cells()};
  else
    json["grid_size"] = {results.grid.ny(), results.grid.nx()};
  if (!results.not_scored.empty()) json["not_scored"] = results.not_scored;
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
    for (std::size_t month = 0; month < scores.by_month.size(); ++month)
      add_row(entry["by_month"], "month", month + 1, scores.by_month[month], kinds);
    for (std::size_t hour = 0; hour < scores.by_hour_of_day.size(); ++hour)
      add_row(entry["by_hour_of_day"], "hour_of_day", hour, scores.by_hour_of_day[hour], kinds);
    entry["increments"] = increments_json(results, scores, variable.units);
    if (scores.is_observed) entry["observation_agreement"] = agreement_json(scores.agreement, variable.units);
    if (!scores.spectra.members.empty()) entry["spectra"] = spectra_json(scores, variable.units);
    if (!scores.spectrum.members.empty()) entry["spectrum_ratio"] = spectrum_ratio_json(results, index);
    if (scores.upper_event || scores.lower_event) entry["events"] = events_json(results, index);
    if (scores.members_similarity) entry["structural_similarity"] = similarity_json(results, index);
    json["variables"][variable.name] = entry;
  }
  if (results.joint.tiles > 0 || !results.joint.pairs.empty()) json["joint"] = joint_json(results);
  json["trajectories"] = trajectories_json(results.trajectories);
  for (const auto& [name, value] : results.provenance) json["provenance"][name] = value;
  if (results.climate_change) json["climate_change"] = climate_change_json(results);
  require_finite(json, "");
  return json;
}

}  // namespace foehn::evaluation

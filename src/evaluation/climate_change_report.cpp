#include "evaluation/climate_change_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/score_table.hpp"
#include "foehn/core/named.hpp"

namespace foehn::core {

template <>
const std::vector<Named<evaluation::ClimateStatistic>>& names_of() {
  using enum evaluation::ClimateStatistic;
  static const std::vector<Named<evaluation::ClimateStatistic>> all{{mean, "mean"},
                                                                    {minimum, "minimum"},
                                                                    {quantile_01, "quantile_01"},
                                                                    {quantile_50, "quantile_50"},
                                                                    {quantile_99, "quantile_99"},
                                                                    {maximum, "maximum"}};
  return all;
}

template <>
const std::vector<Named<evaluation::Season>>& names_of() {
  using enum evaluation::Season;
  static const std::vector<Named<evaluation::Season>> all{
      {year, "year"}, {djf, "djf"}, {mam, "mam"}, {jja, "jja"}, {son, "son"}};
  return all;
}

}  // namespace foehn::core

namespace foehn::evaluation {
namespace {

using Json = nlohmann::ordered_json;

Json period_json(const ClimatePeriod& period) {
  return {{"first_time", period.first_time},
          {"last_time", period.last_time},
          {"hours", period.hours},
          {"members", period.members}};
}

Json difference_json(const ChangeDifference& difference) {
  Json json = {{"mean", difference.mean}, {"rms", difference.rms}};
  if (difference.correlation) json["correlation"] = *difference.correlation;
  return json;
}

Json change_json(const StatisticChange& change) {
  Json json = {
      {"members", change.mean}, {"members_lowest", change.lowest}, {"members_highest", change.highest}};
  const auto average = difference(change.block_average, change.driving_model);
  if (average) {
    json["driving_model"] = mean_over_cells(change.driving_model);
    json["block_average_minus_driving_model"] = difference_json(*average);
  }
  if (const auto means = difference(change.block_means, change.driving_model))
    json["block_means_minus_driving_model"] = difference_json(*means);
  return json;
}

/// Maps of one field of the changes, season by season in the order of kSeasons, NaN where one is left out.
std::vector<MapField> maps_of(const Results& results, std::vector<double> StatisticChange::*field,
                              const grid::Grid& grid, const std::string& ending, const std::string& meaning) {
  std::vector<MapField> maps;
  const auto cells = static_cast<std::size_t>(grid.cells());
  for (const StatisticChange& change : results.climate_change->changes) {
    if ((change.*field).empty()) continue;
    const io::Variable& variable = results.variables[change.variable];
    const std::string name =
        fmt::format("{}_{}_change{}", variable.name, core::name_of(change.statistic), ending);
    auto map =
        std::find_if(maps.begin(), maps.end(), [&](const MapField& other) { return other.name == name; });
    if (map == maps.end()) {
      maps.push_back(
          {.name = name,
           .long_name = fmt::format("change of {} of {}, {}", statistic_text(change.statistic, variable),
                                    variable.name, meaning),
           .units = variable.units,
           .has_seasons = true,
           .values = std::vector<double>(kSeasons.size() * cells, std::nan(""))});
      map = maps.end() - 1;
    }
    std::copy(
        (change.*field).begin(), (change.*field).end(),
        map->values.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(change.season) * cells));
  }
  return maps;
}

}  // namespace

double mean_over_cells(const std::vector<double>& field) {
  double sum = 0, count = 0;
  for (const double value : field) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return sum / count;
}

std::string statistic_text(ClimateStatistic statistic, const io::Variable& variable) {
  const bool is_temperature = variable.standard_name.starts_with("air_temperature");
  switch (statistic) {
    case ClimateStatistic::mean:
      return "mean";
    case ClimateStatistic::minimum:
      return is_temperature ? "lowest of a year (TNn)" : "lowest of a year";
    case ClimateStatistic::quantile_01:
      return "1 % quantile";
    case ClimateStatistic::quantile_50:
      return "median";
    case ClimateStatistic::quantile_99:
      return "99 % quantile";
    case ClimateStatistic::maximum:
      break;
  }
  return is_temperature ? "highest of a year (TXx)" : "highest of a year";
}

std::string period_text(const ClimatePeriod& period) {
  return fmt::format("{} to {} ({} {})", period.first_time, period.last_time, period.members,
                     period.members == 1 ? "member" : "members");
}

std::string climate_change_text(const Results& results, bool in_full) {
  if (!results.climate_change) return "";
  constexpr int kLabelWidth = 38, kMembersWidth = 32, kWidth = 14;
  std::string text =
      fmt::format("\nclimate-change signal, {} minus {}\n", period_text(results.climate_change->future),
                  period_text(results.climate_change->historical));
  text += fmt::format("{:<{}}{:>{}}{:>{}}{:>{}}{:>{}}\n", "", kLabelWidth, "members (lowest to highest)",
                      kMembersWidth, "driving model", kWidth, "rms, averages", kWidth, "rms, means", kWidth);
  for (const StatisticChange& change : results.climate_change->changes) {
    if (!in_full && change.season != Season::year) continue;
    const io::Variable& variable = results.variables[change.variable];
    std::string label =
        fmt::format("{} {} [{}]", variable.name, statistic_text(change.statistic, variable), variable.units);
    if (in_full) label += ", " + core::name_of(change.season);
    const auto average = difference(change.block_average, change.driving_model);
    const auto means = difference(change.block_means, change.driving_model);
    const auto number = [](bool is_known, double value) {
      return is_known ? number_text(value) : std::string("-");
    };
    text += fmt::format("{:<{}}{:>{}}{:>{}}{:>{}}{:>{}}\n", label, kLabelWidth,
                        fmt::format("{} ({} to {})", number_text(change.mean), number_text(change.lowest),
                                    number_text(change.highest)),
                        kMembersWidth, number(average.has_value(), mean_over_cells(change.driving_model)),
                        kWidth, number(average.has_value(), average ? average->rms : 0), kWidth,
                        number(means.has_value(), means ? means->rms : 0), kWidth);
  }
  return text +
         "members: mean change over the domain; rms: difference from the driving model's change over the "
         "coarse "
         "cells, averages: of the members' changes averaged over each, means: of the changes of the members' "
         "block means at the observations' times\n";
}

Json climate_change_json(const Results& results) {
  Json json;
  json["historical"] = period_json(results.climate_change->historical);
  json["future"] = period_json(results.climate_change->future);
  for (const StatisticChange& change : results.climate_change->changes) {
    const io::Variable& variable = results.variables[change.variable];
    Json& entry = json["variables"][variable.name];
    entry["units"] = variable.units;
    entry[core::name_of(change.statistic)][core::name_of(change.season)] = change_json(change);
  }
  return json;
}

std::vector<MapField> climate_change_maps(const Results& results) {
  return maps_of(results, &StatisticChange::members, results.grid, "", "mean over the members");
}

std::vector<MapField> coarse_climate_change_maps(const Results& results) {
  const grid::Grid grid = observed_grid(results);
  std::vector<MapField> maps =
      maps_of(results, &StatisticChange::block_average, grid, "_block_average", "members' changes averaged");
  const auto add = [&](const std::vector<MapField>& more) {
    maps.insert(maps.end(), more.begin(), more.end());
  };
  add(maps_of(results, &StatisticChange::block_means, grid, "_block_means",
              "members' block means at the observations' times"));
  add(maps_of(results, &StatisticChange::driving_model, grid, "_driving_model", "observations"));
  return maps;
}

}  // namespace foehn::evaluation

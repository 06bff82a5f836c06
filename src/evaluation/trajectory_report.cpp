#include "evaluation/trajectory_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "evaluation/score_table.hpp"

namespace foehn::evaluation {
namespace {

using Json = nlohmann::ordered_json;

Json numbers_json(const TrajectoryStatistic& statistic, const std::vector<double>& values) {
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
  if (statistic.abscissa.empty()) return number(values.front());
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

/// Is it among those that come first?
bool comes_first(const TrajectoryStatistic& statistic, std::size_t place) {
  static constexpr std::array kNumbers = {"standard_deviation",
                                          "capacity_factor",
                                          "low_wind_fraction",
                                          "low_wind_spell_mean",
                                          "tx_max",
                                          "tn_min",
                                          "frost_days",
                                          "heat_wave_index",
                                          "wasserstein_1",
                                          "sliced_wasserstein",
                                          "geostrophic_correlation",
                                          "geostrophic_angle",
                                          "wind",
                                          "wind_distance",
                                          "pressure",
                                          "dry_hour_fraction",
                                          "wet_spell_mean",
                                          "wet_spell_longest"};
  const bool is_derivative = statistic.variable == "wind_divergence" || statistic.variable == "wind_curl";
  if (is_derivative && statistic.name != "standard_deviation") return false;
  if (statistic.abscissa.empty())
    return std::find(kNumbers.begin(), kNumbers.end(), statistic.name) != kNumbers.end();
  const double at = statistic.at[place];
  if (statistic.name == "quantile") return at == 0.001 || at == 0.01 || at == 0.99 || at == 0.999;
  if (statistic.name == "high_spells") return at == 3;
  return statistic.name == "ramp_deviation" && place == 0;
}

/// Is it a number, or one of a short curve?
bool is_short(const TrajectoryStatistic& statistic, std::size_t place) {
  static constexpr std::array kLevels = {0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999};
  if (statistic.abscissa == "quantile_level")
    return std::find(kLevels.begin(), kLevels.end(), statistic.at[place]) != kLevels.end();
  static constexpr std::array kShort = {"", "ramp_hours", "return_days", "spell_days"};
  return std::find(kShort.begin(), kShort.end(), statistic.abscissa) != kShort.end();
}

std::string label(const TrajectoryStatistic& statistic, std::size_t place) {
  std::string text = statistic.variable + " " + statistic.name;
  std::replace(text.begin() + static_cast<std::ptrdiff_t>(statistic.variable.size()), text.end(), '_', ' ');
  if (statistic.abscissa == "quantile_level") text += fmt::format(" {:g} %", 100 * statistic.at[place]);
  if (statistic.abscissa == "ramp_hours") text += fmt::format(" {:g} h", statistic.at[place]);
  if (statistic.abscissa == "return_days" || statistic.abscissa == "spell_days")
    text += fmt::format(" {:g} d", statistic.at[place]);
  return text + " [" + statistic.units + "]";
}

std::string cell(const std::vector<double>& values, std::size_t place) {
  return values.empty() || std::isnan(values[place]) ? "-" : number_text(values[place]);
}

}  // namespace

std::vector<TrajectoryRow> trajectory_rows(const std::vector<TrajectoryStatistic>& statistics, bool in_full) {
  std::vector<TrajectoryRow> rows;
  for (const TrajectoryStatistic& statistic : statistics)
    for (std::size_t place = 0; place < statistic.size(); ++place) {
      if (!(in_full ? is_short(statistic, place) : comes_first(statistic, place))) continue;
      rows.push_back({label(statistic, place),
                      fmt::format("{} ({} to {})", cell(statistic.members, place),
                                  cell(statistic.lowest, place), cell(statistic.highest, place)),
                      cell(statistic.truth, place), cell(statistic.interpolation, place)});
    }
  return rows;
}

std::string trajectories_text(const std::vector<TrajectoryStatistic>& statistics, bool in_full) {
  if (statistics.empty()) return "";
  constexpr int kLabelWidth = 38, kWidth = 12, kMembersWidth = 32;
  std::string text =
      fmt::format("\n{:<{}}{:>{}}{:>{}}{:>{}}\n", "each trajectory by itself", kLabelWidth,
                  "members (lowest to highest)", kMembersWidth, "truth", kWidth, "interp.", kWidth);
  for (const TrajectoryRow& row : trajectory_rows(statistics, in_full))
    text += fmt::format("{:<{}}{:>{}}{:>{}}{:>{}}\n", row.label, kLabelWidth, row.members, kMembersWidth,
                        row.truth, kWidth, row.interpolation, kWidth);
  return text;
}

Json trajectories_json(const std::vector<TrajectoryStatistic>& statistics) {
  Json json;
  for (const TrajectoryStatistic& statistic : statistics) {
    Json& entry = json[statistic.variable][statistic.name];
    entry["meaning"] = statistic.meaning;
    entry["units"] = statistic.units;
    if (!statistic.abscissa.empty()) entry[statistic.abscissa] = statistic.at;
    entry["members"] = numbers_json(statistic, statistic.members);
    entry["members_lowest"] = numbers_json(statistic, statistic.lowest);
    entry["members_highest"] = numbers_json(statistic, statistic.highest);
    if (!statistic.truth.empty()) entry["truth"] = numbers_json(statistic, statistic.truth);
    const auto& interpolation = statistic.interpolation;
    if (std::any_of(interpolation.begin(), interpolation.end(),
                    [](double value) { return std::isfinite(value); }))
      entry["interpolation"] = numbers_json(statistic, interpolation);
    if (!statistic.observations.empty())
      entry["observations"] = numbers_json(statistic, statistic.observations);
  }
  return json;
}

}  // namespace foehn::evaluation

#include "evaluation/trajectory_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "evaluation/bootstrap.hpp"
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

/// Of members minus truth, in the order of the numbers; null where there is none.
Json difference_intervals_json(const TrajectoryStatistic& statistic) {
  Json list = Json::array();
  for (std::size_t place = 0; place < statistic.size(); ++place) {
    const auto interval = difference_interval(statistic, place);
    list.push_back(interval ? Json{interval->low, interval->high} : Json(nullptr));
  }
  return list;
}

/// Is it a number, or one of a short curve?
bool is_short(const TrajectoryStatistic& statistic, std::size_t place) {
  static constexpr std::array kLevels = {0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999};
  if (statistic.abscissa == "quantile_level")
    return std::find(kLevels.begin(), kLevels.end(), statistic.at[place]) != kLevels.end();
  static constexpr std::array kShort = {"", "ramp_hours", "return_days", "return_years", "spell_days"};
  return std::find(kShort.begin(), kShort.end(), statistic.abscissa) != kShort.end();
}

/// "h" of hours, "d" of days, "yr" of years.
std::string unit_of_abscissa(const TrajectoryStatistic& statistic) {
  const std::string& abscissa = statistic.abscissa;
  if (abscissa == "return_years") return "yr";
  return abscissa == "return_days" || abscissa == "spell_days" ? "d" : "h";
}

std::string label(const TrajectoryStatistic& statistic, std::size_t place) {
  return fmt::format("{} {} [{}]", statistic.variable, name_text(statistic, place), statistic.units);
}

/// Is there a difference from the truth?
bool has_error(const TrajectoryStatistic& statistic, std::size_t place) {
  return !statistic.truth.empty() && !std::isnan(statistic.members[place] - statistic.truth[place]);
}

/// Why a number has no interval; empty where it has one, and where no number has.
std::string why_no_interval(const TrajectoryStatistic& statistic, std::size_t place) {
  if (statistic.replicates.empty()) return statistic.no_interval;
  return difference_interval(statistic, place) ? "" : "a tenth or more of the samples do not define it";
}

/// Members minus truth, with an interval where there is one.
std::string error_text(const TrajectoryStatistic& statistic, std::size_t place) {
  if (!has_error(statistic, place)) return "-";
  const std::string error =
      number_text(statistic.members[place] - statistic.truth[place], difference_interval(statistic, place));
  return why_no_interval(statistic, place).empty() ? error : error + " (no interval)";
}

bool is_row(const TrajectoryStatistic& statistic, std::size_t place, bool in_full) {
  return in_full ? is_short(statistic, place) : comes_first(statistic, place);
}

std::string cell(const std::vector<double>& values, std::size_t place) {
  return values.empty() || std::isnan(values[place]) ? "-" : number_text(values[place]);
}

}  // namespace

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
                                          "kullback_leibler",
                                          "sliced_wasserstein",
                                          "geostrophic_correlation",
                                          "geostrophic_angle",
                                          "wind",
                                          "wind_distance",
                                          "pressure",
                                          "dry_hour_fraction",
                                          "wet_spell_mean",
                                          "wet_spell_longest",
                                          "number",
                                          "speed",
                                          "deepening"};
  const bool is_derivative = statistic.variable == "wind_divergence" || statistic.variable == "wind_curl";
  if (is_derivative && statistic.name != "standard_deviation") return false;
  if (statistic.abscissa.empty())
    return std::find(kNumbers.begin(), kNumbers.end(), statistic.name) != kNumbers.end();
  const double at = statistic.at[place];
  if (statistic.name == "quantile") return at == 0.001 || at == 0.01 || at == 0.99 || at == 0.999;
  if (statistic.name == "high_spells") return at == 3;
  if (statistic.name == "gev_return_level_high" || statistic.name == "gev_return_level_low")
    return at == 10 && std::isfinite(statistic.members[place]);
  return statistic.name == "ramp_deviation" && place == 0;
}

std::string key_of(const TrajectoryStatistic& statistic, std::size_t place) {
  if (statistic.abscissa.empty()) return statistic.name;
  const bool is_quantile = statistic.abscissa == "quantile_level";
  return fmt::format("{}_{:g}{}", statistic.name,
                     is_quantile ? 100 * statistic.at[place] : statistic.at[place],
                     is_quantile ? "" : unit_of_abscissa(statistic));
}

std::string name_text(const TrajectoryStatistic& statistic, std::size_t place) {
  std::string text = statistic.name;
  std::replace(text.begin(), text.end(), '_', ' ');
  if (statistic.abscissa.empty()) return text;
  if (statistic.abscissa == "quantile_level")
    return fmt::format("{} {:g} %", text, 100 * statistic.at[place]);
  return fmt::format("{} {:g} {}", text, statistic.at[place], unit_of_abscissa(statistic));
}

std::optional<Interval> difference_interval(const TrajectoryStatistic& statistic, std::size_t place) {
  if (statistic.replicates.empty()) return std::nullopt;
  return interval_of_replicates(statistic.replicates[place]);
}

std::vector<TrajectoryRow> trajectory_rows(const std::vector<TrajectoryStatistic>& statistics, bool in_full) {
  std::vector<TrajectoryRow> rows;
  for (const TrajectoryStatistic& statistic : statistics)
    for (std::size_t place = 0; place < statistic.size(); ++place) {
      if (!is_row(statistic, place, in_full)) continue;
      rows.push_back({label(statistic, place),
                      fmt::format("{} ({} to {})", cell(statistic.members, place),
                                  cell(statistic.lowest, place), cell(statistic.highest, place)),
                      cell(statistic.truth, place), cell(statistic.interpolation, place),
                      error_text(statistic, place)});
    }
  return rows;
}

std::vector<std::string> missing_intervals(const std::vector<TrajectoryStatistic>& statistics, bool in_full) {
  std::vector<std::pair<std::string, std::string>> reasons;  // each with what it is the reason of
  for (const TrajectoryStatistic& statistic : statistics)
    for (std::size_t place = 0; place < statistic.size(); ++place) {
      if (!is_row(statistic, place, in_full) || !has_error(statistic, place)) continue;
      const std::string reason = why_no_interval(statistic, place);
      if (reason.empty()) continue;
      const std::string what = statistic.variable + " " + name_text(statistic, place);
      const auto found =
          std::find_if(reasons.begin(), reasons.end(), [&](const auto& one) { return one.first == reason; });
      if (found == reasons.end())
        reasons.emplace_back(reason, what);
      else
        found->second += ", " + what;
    }
  std::vector<std::string> lines;
  for (const auto& [reason, what] : reasons)
    lines.push_back(fmt::format("no interval: {} ({})", what, reason));
  return lines;
}

std::string trajectories_text(const std::vector<TrajectoryStatistic>& statistics, bool in_full) {
  if (statistics.empty()) return "";
  constexpr int kLabelWidth = 38, kWidth = 11, kMembersWidth = 32, kErrorWidth = 33;
  std::string text = fmt::format("\n{:<{}}{:>{}}{:>{}}{:>{}}{:>{}}\n", "each trajectory by itself",
                                 kLabelWidth, "members (lowest to highest)", kMembersWidth, "reference",
                                 kWidth, "interp.", kWidth, "members - reference", kErrorWidth);
  for (const TrajectoryRow& row : trajectory_rows(statistics, in_full))
    text += fmt::format("{:<{}}{:>{}}{:>{}}{:>{}}{:>{}}\n", row.label, kLabelWidth, row.members,
                        kMembersWidth, row.truth, kWidth, row.interpolation, kWidth, row.error, kErrorWidth);
  for (const std::string& line : missing_intervals(statistics, in_full)) text += line + "\n";
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
    if (!statistic.replicates.empty()) entry["difference_intervals"] = difference_intervals_json(statistic);
    if (!statistic.no_interval.empty()) entry["no_interval"] = statistic.no_interval;
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

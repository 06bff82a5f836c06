#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "evaluation/page.hpp"
#include "evaluation/plots.hpp"
#include "evaluation/score_table.hpp"

namespace foehn::evaluation {
namespace {

/// Without the curves that have no value, such as the interpolation of what is not observed.
std::vector<Curve> with_values(std::vector<Curve> curves) {
  std::erase_if(curves, [](const Curve& curve) {
    return std::none_of(curve.values.begin(), curve.values.end(), [](double v) { return std::isfinite(v); });
  });
  return curves;
}

/// A unit that something stands behind or before: in brackets where it is a product.
std::string in_brackets(const std::string& units) {
  return units.find(' ') == std::string::npos ? units : "(" + units + ")";
}

/// "K² h" of "(K)2 h", which is how units of squares are written in files.
std::string with_superscript(const std::string& units) {
  const auto end = units.find(")2");
  if (units.empty() || units.front() != '(' || end == std::string::npos) return units;
  return in_brackets(units.substr(1, end - 1)) + "²" + units.substr(end + 2);
}

/// Rows of scores along an abscissa.
struct Rows {
  std::string name;     ///< "hours since the last observation"
  std::string x_label;  ///< with its unit
  bool is_in_hours = true;
  std::vector<double> x;
  std::vector<const HourScores*> scores;

  void add(double at, const HourScores& row) {
    if (row.hours == 0) return;
    x.push_back(at);
    scores.push_back(&row);
  }
};

std::vector<Rows> rows_of(const Results& results, const VariableResults& scores) {
  Rows since{"hours since the last observation", "hours since the last observation [h]", true, {}, {}};
  for (std::size_t i = 0; i < scores.by_hours_since_observation.size(); ++i)
    since.add(since_observation_hours(results, i), scores.by_hours_since_observation[i]);
  Rows hours{"hour of the day", "hour of the day [UTC]", true, {}, {}},
      months{"month", "month of the year", false, {}, {}};
  for (std::size_t i = 0; i < scores.by_hour_of_day.size(); ++i)
    hours.add(static_cast<double>(i), scores.by_hour_of_day[i]);
  for (std::size_t i = 0; i < scores.by_month.size(); ++i)
    months.add(static_cast<double>(i + 1), scores.by_month[i]);
  std::vector<Rows> all = {std::move(since), std::move(hours), std::move(months)};
  // One point tells no more than the table.
  std::erase_if(all, [](const Rows& rows) { return rows.x.size() < 2; });
  return all;
}

std::string error_chart(const Results& results, const Rows& rows, const std::string& units) {
  Curve ensemble{results.members > 1 ? "fair CRPS" : "MAE of the member", Role::members, {}, {}};
  Curve interpolation{"interpolation MAE", Role::interpolation, {}, {}};
  Curve anomalies{"anomaly interp. MAE", Role::anomaly_interpolation, {}, {}};
  for (const HourScores* row : rows.scores) {
    ensemble.values.push_back(row->ensemble.fair_crps.value_or(row->ensemble.mean.mae));
    interpolation.values.push_back(row->interpolation.mae);
    anomalies.values.push_back(row->anomaly_interpolation ? row->anomaly_interpolation->mae : std::nan(""));
  }
  return line_chart({.title = "Error by " + rows.name,
                     .x_label = rows.x_label,
                     .y_label = fmt::format("error [{}]", units),
                     .is_x_in_hours = rows.is_in_hours,
                     .is_x_in_whole_numbers = !rows.is_in_hours},
                    rows.x, with_values({ensemble, interpolation, anomalies}));
}

std::string spread_chart(const Rows& rows) {
  Curve ratio{"spread / error", Role::members, {}, {}}, ideal{"calibrated", Role::ideal, {}, {}};
  for (const HourScores* row : rows.scores) {
    ratio.values.push_back(row->ensemble.debiased_spread_skill.value_or(std::nan("")));
    ideal.values.push_back(1);
  }
  if (with_values({ratio}).empty()) return "";
  return line_chart({.title = "Spread over error by " + rows.name,
                     .x_label = rows.x_label,
                     .y_label = "debiased spread / skill [1]",
                     .is_x_in_hours = rows.is_in_hours,
                     .is_x_in_whole_numbers = !rows.is_in_hours},
                    rows.x, {ideal, ratio});
}

std::string increment_chart(const Results& results, const VariableResults& scores, const std::string& units) {
  std::vector<double> hours;
  Curve members{"members", Role::members, {}, {}}, truth{"reference", Role::truth, {}, {}},
      interpolation{"interpolation", Role::interpolation, {}, {}};
  const auto deviation = [](double variance) { return std::sqrt(variance); };
  for (std::size_t steps = 0; steps < scores.increments.size(); ++steps) {
    const auto& row = scores.increments[steps];
    if (row.hours == 0) continue;
    hours.push_back(since_observation_hours(results, steps));
    members.values.push_back(deviation(row.members));
    truth.values.push_back(scores.has_truth ? deviation(row.truth) : std::nan(""));
    interpolation.values.push_back(deviation(row.interpolation));
  }
  if (hours.size() < 2) return "";
  return line_chart({.title = results.step_hours == 1 ? "Change from the hour before"
                                                      : fmt::format("Change over {:g} h", results.step_hours),
                     .x_label = "hours since the last observation [h]",
                     .y_label = fmt::format("standard deviation [{}]", units),
                     .is_x_in_hours = true},
                    hours, with_values({truth, interpolation, members}));
}

/// How often the reference has an event, by the part of the members that have it.
std::string reliability_chart(const char* title, const std::optional<EventReliability>& event) {
  if (!event || event->probability.size() < 3) return "";
  return line_chart({.title = title,
                     .x_label = "part of the members that have the event [1]",
                     .y_label = "frequency in the reference [1]"},
                    event->probability,
                    with_values({{"calibrated", Role::ideal, event->probability, {}},
                                 {"members", Role::members, event->frequency, {}}}));
}

std::string spectrum_chart(const VariableResults& scores, const std::string& units) {
  const SpatialSpectra& spectra = scores.spectra;
  std::vector<Curve> curves = {{"members", Role::members, spectra.members, {}}};
  if (scores.has_truth) curves.insert(curves.begin(), {"reference", Role::truth, spectra.truth, {}});
  if (has_interpolation_spectrum(scores))
    curves.insert(curves.begin(), {"interpolation", Role::interpolation, spectra.interpolation, {}});
  const bool is_by_degree = !spectra.degree.empty();
  return line_chart({.title = "Spectrum in space",
                     .x_label = is_by_degree ? "degree of spherical harmonics [1]" : "wavelength [cells]",
                     .y_label = fmt::format("{} [{}²]", is_by_degree ? "power per degree" : "power per ring",
                                            in_brackets(units)),
                     .has_logarithmic_x = true,
                     .has_logarithmic_y = true},
                    is_by_degree ? spectra.degree : spectra.wavelength_cells, with_values(curves));
}

const TrajectoryStatistic* find_statistic(const Results& results, const std::string& variable,
                                          const std::string& name) {
  for (const TrajectoryStatistic& statistic : results.trajectories)
    if (statistic.variable == variable && statistic.name == name && statistic.size() > 1) return &statistic;
  return nullptr;
}

/// A statistic's curves: the members' with the range of single ones.
std::vector<Curve> curves_of(const TrajectoryStatistic& statistic) {
  std::vector<Curve> curves = {{"interpolation", Role::interpolation, statistic.interpolation, {}}};
  if (!statistic.truth.empty()) curves.push_back({"reference", Role::truth, statistic.truth, {}});
  if (!statistic.observations.empty())
    curves.push_back({"coarse input", Role::observation, statistic.observations, {}});
  curves.push_back({"members", Role::members, statistic.members, statistic.lowest, statistic.highest});
  return with_values(curves);
}

/// Without the hours that have no instant, as where the step is 6 h, so that lines go from one to the next.
TrajectoryStatistic of_hours_with_values(TrajectoryStatistic statistic) {
  const std::vector<double> members = statistic.members;
  for (auto* values : {&statistic.at, &statistic.members, &statistic.lowest, &statistic.highest,
                       &statistic.truth, &statistic.interpolation}) {
    std::vector<double> some;
    for (std::size_t i = 0; i < values->size(); ++i)
      if (std::isfinite(members[i])) some.push_back((*values)[i]);
    *values = some;
  }
  return statistic;
}

/// A curve of the density: between neighbouring quantiles it is the part of the values that lies there, over
/// their distance. Absent where quantiles are equal.
std::vector<double> density_at(const std::vector<double>& at, const std::vector<double>& levels,
                               const std::vector<double>& quantiles) {
  std::vector<double> middles, densities;
  for (std::size_t i = 1; i < quantiles.size(); ++i) {
    if (!(quantiles[i] > quantiles[i - 1])) continue;
    middles.push_back(std::midpoint(quantiles[i], quantiles[i - 1]));
    densities.push_back((levels[i] - levels[i - 1]) / (quantiles[i] - quantiles[i - 1]));
  }
  std::vector<double> curve;
  for (const double value : at) {
    const auto above = std::upper_bound(middles.begin(), middles.end(), value);
    const auto i = static_cast<std::size_t>(above - middles.begin());
    curve.push_back(above == middles.begin() || above == middles.end()
                        ? std::nan("")
                        : std::lerp(densities[i - 1], densities[i],
                                    (value - middles[i - 1]) / (middles[i] - middles[i - 1])));
  }
  return curve;
}

std::string density_chart(const TrajectoryStatistic& quantiles) {
  std::vector<Curve> curves = curves_of(quantiles);
  double low = INFINITY, high = -INFINITY;
  for (const Curve& curve : curves) {
    low = std::min(low, curve.values.front());
    high = std::max(high, curve.values.back());
  }
  if (!(high > low)) return "";
  std::vector<double> at;
  constexpr int kPoints = 120;
  for (int i = 0; i <= kPoints; ++i) at.push_back(low + (high - low) * i / kPoints);
  for (Curve& curve : curves) {
    curve.values = density_at(at, quantiles.at, curve.values);
    curve.low.clear();
    curve.high.clear();
  }
  return line_chart(
      {"Density over cells and hours", fmt::format("{} [{}]", quantiles.variable, quantiles.units),
       fmt::format("density [1/{}]", in_brackets(quantiles.units))},
      at, with_values(curves));
}

/// Errors of quantiles, which densities do not show.
std::string quantile_chart(const TrajectoryStatistic& quantiles) {
  if (quantiles.truth.empty()) return "";
  std::vector<Curve> curves = curves_of(quantiles);
  std::erase_if(curves, [](const Curve& curve) { return curve.role == Role::truth; });
  std::vector<double> percent;
  for (const double level : quantiles.at) percent.push_back(100 * level);
  for (Curve& curve : curves)
    for (auto* values : {&curve.values, &curve.low, &curve.high})
      for (std::size_t i = 0; i < values->size(); ++i) (*values)[i] -= quantiles.truth[i];
  return line_chart({.title = "Quantiles minus the reference's",
                     .x_label = "part of the values below [%]",
                     .y_label = fmt::format("difference [{}]", quantiles.units)},
                    percent, curves);
}

}  // namespace

std::string score_charts(const Results& results, std::size_t index) {
  const VariableResults& scores = results.scores[index];
  const std::string& units = results.variables[index].units;
  std::string html;
  const auto& ranks = scores.all_hours.ensemble.rank_histogram;
  const std::vector<Rows> all_rows = rows_of(results, scores);
  if (scores.has_truth)
    for (const Rows& rows : all_rows) html += error_chart(results, rows, units);
  for (const Rows& rows : all_rows) html += spread_chart(rows);
  if (ranks.size() > 2)
    html += bar_chart({.title = "Rank histogram (dashed: calibrated)",
                       .x_label = "members below the reference",
                       .y_label = "frequency [1]",
                       .is_x_in_whole_numbers = true},
                      ranks, -0.5, static_cast<double>(ranks.size()) - 0.5);
  if (ranks.size() > 2)
    html += bar_chart(
        {"PIT histogram (dashed: calibrated)", "probability integral transform [1]", "frequency [1]"},
        pit_histogram(ranks, kPitBins), 0, 1);
  html += reliability_chart("Reliability of values above the 95 % quantile", scores.upper_event);
  html += reliability_chart("Reliability of values below the 5 % quantile", scores.lower_event);
  return html + spectrum_chart(scores, units) + increment_chart(results, scores, units);
}

std::string trajectory_charts(const Results& results, const std::string& variable) {
  std::string html;
  if (const auto* quantiles = find_statistic(results, variable, "quantile"))
    html += density_chart(*quantiles) + quantile_chart(*quantiles);
  if (const auto* duration = find_statistic(results, variable, "duration"))
    html +=
        line_chart({"Part of the time with more power", "part of the time [%]", "power over rated power [1]"},
                   duration->at, curves_of(*duration));
  if (const auto* found = find_statistic(results, variable, "daily_cycle")) {
    const TrajectoryStatistic cycle = of_hours_with_values(*found);
    html += line_chart({.title = "Daily cycle",
                        .x_label = "hour of the day [UTC]",
                        .y_label = fmt::format("mean [{}]", cycle.units),
                        .is_x_in_hours = true,
                        .begins_at_zero = false},
                       cycle.at, curves_of(cycle));
  }
  if (const auto* spectrum = find_statistic(results, variable, "temporal_spectrum"))
    html += line_chart({.title = "Spectrum in time",
                        .x_label = "period [h]",
                        .y_label = fmt::format("power density [{}]", with_superscript(spectrum->units)),
                        .has_logarithmic_x = true,
                        .has_logarithmic_y = true},
                       spectrum->at, curves_of(*spectrum));
  return html;
}

std::string point_charts(const Results& results, std::size_t index) {
  if (results.series.empty()) return "";
  const PointSeries& series = results.series[index];
  std::string html;
  for (const SeriesPoint& point : series.points) {
    const double longitude = std::remainder(point.longitude, 360.0);  // grids may count from 0 to 360
    std::vector<double> hours;
    for (std::size_t i = 0; i < point.interpolation.size(); ++i)
      hours.push_back(since_observation_hours(results, i));
    std::vector<Curve> curves;
    for (std::size_t member = 0; member < point.members.size(); ++member)
      curves.push_back({point.members.size() > 1 ? "members, the first bold" : "member",
                        Role::members,
                        point.members[member],
                        {},
                        {},
                        member > 0});
    curves.push_back({"interpolation", Role::interpolation, point.interpolation, {}});
    if (!point.truth.empty()) curves.push_back({"reference", Role::truth, point.truth, {}});
    Points observed{results.native_grid ? "cell mean observed" : "block mean observed",
                    Role::observation,
                    {},
                    series.observed};
    for (const double steps : series.observed_steps) observed.x.push_back(steps * results.step_hours);
    html += line_chart(
        {.title = fmt::format("At {:.2f}° {}, {:.2f}° {}", std::abs(point.latitude),
                              point.latitude < 0 ? "S" : "N", std::abs(longitude), longitude < 0 ? "W" : "E"),
         .x_label = fmt::format("hours since {} [h]", series.first_time),
         .y_label = fmt::format("{} [{}]", results.variables[index].name, results.variables[index].units),
         .is_x_in_hours = true,
         .begins_at_zero = false},
        hours, with_values(curves), observed);
  }
  return html;
}

}  // namespace foehn::evaluation

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluation/plots.hpp"
#include "evaluation/score_table.hpp"
#include "foehn/evaluation/report.hpp"

namespace foehn::evaluation {
namespace {

constexpr const char* kStyle = R"(
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1180px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
th, td { text-align: right; padding: 2px 10px; border-bottom: 1px solid #ddd }
tr.all td { font-weight: bold }
svg text { font-size: 11px; fill: #333 } svg .title { font-weight: bold } svg .grid { stroke: #e3e3e3 }
.charts, .maps { display: flex; flex-wrap: wrap; gap: 14px; margin: 1em 0 }
.scroll { overflow-x: auto }
figure { margin: 0 } figcaption, .bar { font-size: 13px } img { image-rendering: pixelated }
)";

std::string score_table_html(const Results& results, const VariableResults& scores,
                             const std::string& units) {
  const auto kinds = score_kinds(results);
  std::string html = "<div class=\"scroll\"><table><tr><th>hours since<br>observation</th><th>hours</th>";
  for (const auto& kind : kinds) {
    html += fmt::format("<th>{}<br>[{}]</th>", escape_html(kind.heading),
                        kind.has_unit ? escape_html(units) : "1");
  }
  html += "</tr>\n";
  const auto add_row = [&](const std::string& label, const HourScores& row, const std::string& open) {
    html += fmt::format("{}<td>{}</td><td>{}</td>", open, label, row.hours);
    for (const auto& kind : kinds) {
      const auto value = kind.value(row);
      html += fmt::format("<td>{}</td>", value ? number_text(*value) : "–");
    }
    html += "</tr>\n";
  };
  for (std::size_t steps = 0; steps < scores.by_hours_since_observation.size(); ++steps) {
    add_row(fmt::format("{:g}", since_observation_hours(results, steps)),
            scores.by_hours_since_observation[steps], "<tr>");
  }
  if (scores.observed_hours && scores.hours_between) {
    add_row("observed", *scores.observed_hours, "<tr>");
    add_row("between", *scores.hours_between, "<tr>");
  }
  add_row("all", scores.all_hours, "<tr class=\"all\">");
  return html + "</table></div>\n";
}

/// Without the curves that have no value, such as the interpolation of what is not observed.
std::vector<Curve> with_values(std::vector<Curve> curves) {
  std::erase_if(curves, [](const Curve& curve) {
    return std::all_of(curve.values.begin(), curve.values.end(), [](double v) { return std::isnan(v); });
  });
  return curves;
}

std::string error_chart(const Results& results, const VariableResults& scores, const std::string& units) {
  std::vector<double> hours;
  Curve ensemble{results.members > 1 ? "fair CRPS" : "MAE of the member", {}};
  Curve interpolation{"interpolation MAE", {}};
  Curve anomaly_interpolation{"anomaly interpolation MAE", {}};
  for (std::size_t steps = 0; steps < scores.by_hours_since_observation.size(); ++steps) {
    const auto& row = scores.by_hours_since_observation[steps];
    hours.push_back(since_observation_hours(results, steps));
    ensemble.values.push_back(row.ensemble.fair_crps.value_or(row.ensemble.mean.mae));
    interpolation.values.push_back(row.interpolation.mae);
    if (row.anomaly_interpolation) anomaly_interpolation.values.push_back(row.anomaly_interpolation->mae);
  }
  return line_chart({"Error by hours since the last observation", "hours since the last observation [h]",
                     fmt::format("error [{}]", units)},
                    hours, with_values({ensemble, interpolation, anomaly_interpolation}));
}

std::string increment_chart(const Results& results, const VariableResults& scores, const std::string& units) {
  std::vector<double> hours;
  Curve members{"members", {}}, truth{"truth", {}}, interpolation{"interpolation", {}};
  for (std::size_t steps = 0; steps < scores.increments.size(); ++steps) {
    const auto& row = scores.increments[steps];
    if (row.hours == 0) continue;
    hours.push_back(since_observation_hours(results, steps));
    members.values.push_back(row.members);
    truth.values.push_back(row.truth);
    interpolation.values.push_back(row.interpolation);
  }
  if (hours.empty()) return "";
  return line_chart({"Variance of increments from the hour before", "hours since the last observation [h]",
                     fmt::format("variance [({})²]", units)},
                    hours, with_values({members, truth, interpolation}));
}

std::string spectrum_chart(const SpectrumRatios& spectrum) {
  return line_chart(
      {"Spatial power over the truth's", "wavelength [cells]", "ratio [1]"}, spectrum.wavelength_cells,
      with_values({{"members", spectrum.members}, {"interpolation", spectrum.interpolation}}), true);
}

/// A field of the example and what it shows.
struct Panel {
  std::string caption;
  std::span<const double> field;
  const grid::Grid& grid;
};

ColourRange range_of(const std::vector<Panel>& panels) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  ColourRange range{kNaN, kNaN};
  for (const auto& panel : panels) {
    for (const double value : panel.field) {  // NaN, which is missing, loses
      range.low = std::fmin(range.low, value);
      range.high = std::fmax(range.high, value);
    }
  }
  return range;
}

std::string panel_row(const std::vector<Panel>& panels, const ColourRange& range, const std::string& units) {
  std::string html = "<div class=\"maps\">";
  for (const auto& panel : panels) {
    html += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n",
                        map_image(panel.caption, panel.field, panel.grid, range), escape_html(panel.caption));
  }
  return html + "</div>" + colour_bar(range, units) + "\n";
}

std::string maps_html(const Results& results, std::size_t index) {
  const auto& example = results.example;
  const grid::Grid coarse_grid = grid::block_mean_grid(results.grid, results.block);
  const auto slice = [index](const std::vector<double>& fields, const grid::Grid& grid) {
    const auto cells = static_cast<std::size_t>(grid.cells());
    return std::span(fields).subspan(index * cells, cells);
  };
  const std::string& units = results.variables[index].units;
  std::vector<Panel> fields;
  const auto observation = slice(example.observation, coarse_grid);
  if (std::any_of(observation.begin(), observation.end(), [](double value) { return !std::isnan(value); }))
    fields.push_back({"observation of " + example.observation_time, observation, coarse_grid});
  if (!example.truth.empty()) fields.push_back({"truth", slice(example.truth, results.grid), results.grid});
  fields.push_back({"first member", slice(example.first_member, results.grid), results.grid});
  fields.push_back({"ensemble mean", slice(example.ensemble_mean, results.grid), results.grid});
  std::string html = fmt::format(
      "<h3>Maps of {}, {:g} h after an observation</h3>\n", example.time,
      since_observation_hours(results, static_cast<std::size_t>(example.hours_since_observation)));
  html += panel_row(fields, range_of(fields), units);
  if (!example.ensemble_spread.empty()) {
    const std::vector<Panel> spread = {
        {"ensemble spread (standard deviation)", slice(example.ensemble_spread, results.grid), results.grid}};
    html += panel_row(spread, {0, range_of(spread).high}, units);
  }
  return html;
}

}  // namespace

std::string report_html(const Results& results) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>foehn: scores</title>"
      "<style>{}</style></head><body>\n<h1>foehn: scores</h1>\n<p>{}.</p>\n"
      "<p>MAE, RMSE and bias are of the ensemble mean; \"interp.\" is the observations interpolated "
      "bilinearly in space "
      "and linearly in time, \"anomaly\" the same of their anomalies from the prior's climatology. spread / "
      "skill is 1 "
      "where truth and members are exchangeable.</p>\n",
      kStyle, escape_html(summary(results)));
  for (std::size_t index = 0; index < results.variables.size(); ++index) {
    const auto& variable = results.variables[index];
    const auto& scores = results.scores[index];
    html += fmt::format("<h2>{}</h2>\n", escape_html(title(variable)));
    html += score_table_html(results, scores, variable.units);
    html += fmt::format("<p>Agreement with the observations: {}.</p>\n",
                        escape_html(agreement_text(scores, variable.units)));
    if (scores.seam) html += fmt::format("<p>Seams: {}.</p>\n", escape_html(seam_text(*scores.seam)));
    html += "<div class=\"charts\">" + error_chart(results, scores, variable.units);
    html += bar_chart({"Rank histogram (dashed: calibrated)", "members below the truth [1]", "frequency [1]"},
                      scores.all_hours.ensemble.rank_histogram);
    html += increment_chart(results, scores, variable.units);
    html += spectrum_chart(scores.spectrum) + "</div>\n" + maps_html(results, index);
  }
  return html + "</body></html>\n";
}

}  // namespace foehn::evaluation

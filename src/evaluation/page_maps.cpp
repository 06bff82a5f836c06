#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "evaluation/climate_change_report.hpp"
#include "evaluation/page.hpp"
#include "evaluation/picture.hpp"
#include "evaluation/plots.hpp"
#include "evaluation/score_table.hpp"

namespace foehn::evaluation {
namespace {

/// Does a list say where all of its cells lie and how large they are? Those of climate models need not.
bool is_drawable(const grid::Grid& grid) {
  if (!grid.unstructured) return true;
  const grid::UnstructuredCells& cells = *grid.unstructured;
  const auto are_known = [](const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
  };
  return are_known(cells.areas) && are_known(cells.centres.latitude) && are_known(cells.centres.longitude);
}

/// A field and what it shows.
struct Panel {
  std::string caption;
  std::span<const double> field;
  const Picture* picture;
};

std::string panel_html(const Panel& panel, const ColourRange& range,
                       ColourScale scale = ColourScale::sequential) {
  return map_figure(panel.caption, panel.picture->values(panel.field), panel.picture->shown(), range, scale) +
         "\n";
}

ColourRange range_of(const std::vector<Panel>& panels) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  ColourRange range{kNaN, kNaN};
  for (const Panel& panel : panels)
    for (const double value : panel.field) {  // NaN, which is missing, loses
      range.low = std::fmin(range.low, value);
      range.high = std::fmax(range.high, value);
    }
  return range;
}

/// As far from 0 on both sides.
ColourRange symmetric(const ColourRange& range) {
  const double most = std::fmax(std::abs(range.low), std::abs(range.high));
  return {0 - most, most};
}

std::string panels_html(const std::vector<Panel>& panels, const ColourRange& range, const std::string& units,
                        ColourScale scale = ColourScale::sequential) {
  std::string html = "<div class=\"maps\">";
  for (const Panel& panel : panels) html += panel_html(panel, range, scale);
  return html + "</div>" + colour_bar(range, units, scale) + "\n";
}

/// One variable's cells of fields [variable, y, x].
std::span<const double> slice(const std::vector<double>& fields, const grid::Grid& grid, std::size_t index) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  return std::span(fields).subspan(index * cells, cells);
}

bool has_values(std::span<const double> field) {
  return std::any_of(field.begin(), field.end(), [](double value) { return !std::isnan(value); });
}

}  // namespace

std::string score_maps(const Results& results, std::size_t index) {
  if (results.cells.empty()) return "";
  const CellScores& cells = results.cells[index];
  const std::string& units = results.variables[index].units;
  const Picture picture(results.grid);
  std::string html;
  std::vector<Panel> errors;
  const auto add = [&](const std::string& caption, const std::vector<double>& field) {
    if (!field.empty() && has_values(field)) errors.push_back({caption, field, &picture});
  };
  add(results.members > 1 ? "fair CRPS" : "RMSE", results.members > 1 ? cells.fair_crps : cells.rmse);
  add("ensemble spread", cells.spread);
  if (results.members > 1) add("RMSE of the mean", cells.rmse);
  // Interpolation may err several times as much: on its scale the maps of members would all be dark.
  const bool has_members = !errors.empty();
  ColourRange range{0, range_of(errors).high};
  if (const double most = range_of({{"", cells.interpolation_mae, &picture}}).high; !std::isnan(most)) {
    if (!has_members) range.high = most;
    add(most > range.high ? fmt::format("interpolation MAE, up to {:.4g} {}", most, units)
                          : "interpolation MAE",
        cells.interpolation_mae);
  }
  if (!errors.empty()) html += panels_html(errors, range, units);
  if (cells.bias.empty()) return html;
  const std::vector<Panel> bias = {{"bias of the ensemble mean", cells.bias, &picture}};
  return html + panels_html(bias, symmetric(range_of(bias)), units, ColourScale::diverging);
}

std::string event_maps(const Results& results, std::size_t index) {
  if (results.event.hours.empty()) return "";
  const grid::Grid observed = results.native_grid ? results.grid : observed_grid(results);
  const Picture picture(results.grid), observed_picture(observed);
  const std::string& units = results.variables[index].units;
  std::vector<Panel> all;
  std::string html;
  std::vector<std::vector<Panel>> rows;
  for (const ExampleHour& hour : results.event.hours) {
    std::vector<Panel>& row = rows.emplace_back();
    const auto add_on = [&](const grid::Grid& grid, const Picture& shown, const std::string& caption,
                            const std::vector<double>& fields) {
      if (fields.empty() || !has_values(slice(fields, grid, index))) return;
      row.push_back({caption, slice(fields, grid, index), &shown});
    };
    const auto add = [&](const std::string& caption, const std::vector<double>& fields) {
      add_on(results.grid, picture, caption, fields);
    };
    add_on(observed, observed_picture, "input of " + hour.observation_time.substr(5, 11), hour.observation);
    add("interpolation", hour.interpolation);
    add("reference", hour.truth);
    for (std::size_t member = 0; member < hour.members.size(); ++member)
      add(fmt::format("member {}", member + 1), hour.members[member]);
    all.insert(all.end(), row.begin(), row.end());
  }
  const ColourRange range = range_of(all);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    html += fmt::format("<h4>{}{}</h4><div class=\"maps\">", results.event.hours[i].time,
                        i == results.event.strongest ? ", the strongest hour" : "");
    for (const Panel& panel : rows[i]) html += panel_html(panel, range);
    html += "</div>\n";
  }
  return html + colour_bar(range, units);
}

std::string climate_change_html(const Results& results) {
  const ClimateChange& signal = *results.climate_change;
  std::string html = fmt::format(
      "<h2 id=\"signal\">Climate-change signal</h2>\n<p>{}, minus {}.</p>\n<div "
      "class=\"scroll\"><table><tr><th></th>"
      "<th>members<br>(lowest to highest)</th><th>driving<br>model</th><th>rms difference,<br>averages</th>"
      "<th>rms difference,<br>block means</th></tr>\n",
      escape_html(period_text(signal.future)), escape_html(period_text(signal.historical)));
  const auto rms_text = [](const std::optional<ChangeDifference>& found) {
    return found ? number_text(found->rms) : std::string("–");
  };
  for (const StatisticChange& change : signal.changes) {
    if (change.season != Season::year) continue;
    const io::Variable& variable = results.variables[change.variable];
    html +=
        fmt::format("<tr><td>{} {} [{}]</td><td>{} ({} to {})</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    escape_html(variable.name), escape_html(statistic_text(change.statistic, variable)),
                    escape_html(variable.units), number_text(change.mean), number_text(change.lowest),
                    number_text(change.highest),
                    change.driving_model.empty() ? "–" : number_text(mean_over_cells(change.driving_model)),
                    rms_text(difference(change.block_average, change.driving_model)),
                    rms_text(difference(change.block_means, change.driving_model)));
  }
  html +=
      "</table></div>\n<p>Members: mean change over the domain. Differences are from the driving model's "
      "change, over "
      "its cells: of the members' changes averaged over each cell, and of the changes of the members' block "
      "means at "
      "the observations' times.</p>\n";
  const grid::Grid coarse_grid = observed_grid(results);
  const Picture picture(results.grid);
  std::optional<Picture> coarse_picture;
  if (is_drawable(coarse_grid))
    coarse_picture.emplace(coarse_grid);
  else
    html +=
        "<p>The driving model's changes are not drawn: its files do not say where all of its cells lie and "
        "how "
        "large they are.</p>\n";
  for (const StatisticChange& change : signal.changes) {
    const bool is_shown = change.season == Season::year && (change.statistic == ClimateStatistic::mean ||
                                                            change.statistic == ClimateStatistic::maximum);
    if (!is_shown) continue;
    const io::Variable& variable = results.variables[change.variable];
    std::vector<Panel> panels;
    if (coarse_picture && has_values(change.driving_model))
      panels.push_back({"driving model", change.driving_model, &*coarse_picture});
    if (coarse_picture && has_values(change.block_average))
      panels.push_back({"members, averaged", change.block_average, &*coarse_picture});
    panels.push_back({"members", change.members, &picture});
    html += fmt::format("<h4>Change of the {} of {}</h4>",
                        escape_html(statistic_text(change.statistic, variable)), escape_html(variable.name)) +
            panels_html(panels, symmetric(range_of(panels)), variable.units, ColourScale::diverging);
  }
  return html;
}

}  // namespace foehn::evaluation

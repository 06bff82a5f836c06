#include <fmt/format.h>

#include <algorithm>

#include "evaluation/overall_scores.hpp"
#include "evaluation/page.hpp"
#include "evaluation/plots.hpp"
#include "evaluation/score_table.hpp"
#include "evaluation/trajectory_report.hpp"
#include "evaluation/verdict.hpp"
#include "foehn/evaluation/report.hpp"

namespace foehn::evaluation {
namespace {

std::string verdicts_html(const Results& results) {
  std::string html;
  for (const Verdict& verdict : verdicts(results))
    html += fmt::format("<li class=\"{0}\"><b>{0}</b><span>{1}</span></li>\n", rating_text(verdict.rating),
                        escape_html(verdict.text));
  if (html.empty() && results.doubts.empty()) return "";
  std::string answers;
  for (const Headline& headline : headlines(results))
    answers +=
        fmt::format("<li class=\"{}\"><b>{}: {}</b><span>{}</span></li>\n", rating_text(headline.rating),
                    escape_html(headline.subject), answer_text(headline.rating), escape_html(headline.text));
  const char* without =
      results.has_reference
          ? ""
          : "<p>Without a reference, only what the observations say of the members can be judged.</p>\n";
  std::string doubts;
  for (const std::string& doubt : results.doubts) doubts += "<p>Note: " + escape_html(doubt) + ".</p>\n";
  return "<h2 id=\"short\">May the members be trusted?</h2>\n<ul class=\"answers\">\n" + answers + "</ul>\n" +
         doubts + without + "<ul class=\"verdicts\">\n" + html + "</ul>\n";
}

/// All scores over all hours: a row per score, a column per variable.
std::string overview_html(const Results& results) {
  std::string html =
      "<h2 id=\"scores\">Scores over all hours</h2>\n<div class=\"scroll\"><table><tr><th></th>";
  for (const io::Variable& variable : results.variables)
    html += fmt::format("<th>{} [{}]</th>", escape_html(variable.name), escape_html(variable.units));
  html += "</tr>\n";
  for (const ScoreKind& kind : score_kinds(results)) {
    html += fmt::format("<tr><td>{}</td>", escape_html(kind.heading));
    for (const VariableResults& scores : results.scores) {
      const auto value = kind.value(scores.all_hours);
      html += fmt::format("<td>{}</td>", value ? number_text(*value, scores.all_hours, kind.name) : "–");
    }
    html += "</tr>\n";
  }
  for (const OverviewRow& row : other_rows(results)) {
    html += fmt::format("<tr><td>{}</td>", escape_html(row.heading));
    for (const std::string& cell : row.cells) html += fmt::format("<td>{}</td>", cell == "-" ? "–" : cell);
    html += "</tr>\n";
  }
  html +=
      "</table></div>\n<p>MAE, RMSE and bias are those of the ensemble mean; \"interp.\" is the observations "
      "interpolated bilinearly in space and linearly in time, \"anomaly\" the same of their anomalies from "
      "the "
      "prior's climatology, \"climatology\" this alone; spread / skill is 1 where reference and members are "
      "exchangeable, \"debiased\" "
      "without "
      "the error that the mean of few members makes by chance; log ratio is the mean |log| of the members' "
      "spatial power over the reference's, 0 is best; skill is the Brier skill of forecasting values "
      "beyond "
      "their local and seasonal quantiles by the part of the members that lie there, against always "
      "forecasting "
      "how often they do; SSIM is the structural similarity of fields to the reference's.";
  if (results.replicates > 0)
    html += fmt::format(" In brackets: 95 % of bootstrap samples of {} blocks of days.", results.blocks);
  else if (has_too_few_blocks(results))
    html += fmt::format(" Scores have {}.", too_few_blocks_text(results));
  return html + "</p>\n";
}

/// Scores by hours since the last observation.
std::string html_by_hours(const Results& results, const VariableResults& scores, const std::string& units) {
  const auto kinds = score_kinds(results);
  std::string html =
      "<details><summary>Scores by hours since the last observation</summary><div "
      "class=\"scroll\"><table><tr>"
      "<th>hours since<br>observation</th><th>hours</th>";
  for (const auto& kind : kinds)
    html += fmt::format("<th>{}<br>[{}]</th>", escape_html(kind.heading),
                        kind.has_unit ? escape_html(units) : "1");
  html += "</tr>\n";
  const auto add_row = [&](const std::string& label, const HourScores& row) {
    html += fmt::format("<tr><td>{}</td><td>{}</td>", label, row.hours);
    for (const auto& kind : kinds) {
      const auto value = kind.value(row);
      html += fmt::format("<td>{}</td>", value ? number_text(*value) : "–");
    }
    html += "</tr>\n";
  };
  for (std::size_t steps = 0; steps < scores.by_hours_since_observation.size(); ++steps)
    add_row(fmt::format("{:g}", since_observation_hours(results, steps)),
            scores.by_hours_since_observation[steps]);
  if (scores.observed_hours && scores.hours_between) {
    add_row("observed", *scores.observed_hours);
    add_row("between", *scores.hours_between);
  }
  add_row("all", scores.all_hours);
  return html + "</table></div></details>\n";
}

std::string variable_html(const Results& results, std::size_t index) {
  const io::Variable& variable = results.variables[index];
  const VariableResults& scores = results.scores[index];
  std::string html = fmt::format("<h2 id=\"v{}\">{}</h2>\n", index, escape_html(title(variable)));
  html += fmt::format("<p>Agreement with the observations: {}.",
                      escape_html(agreement_text(scores, variable.units)));
  if (scores.seam) html += fmt::format(" Seams: {}.", escape_html(seam_text(*scores.seam)));
  html += "</p>\n<div class=\"charts\">" + score_charts(results, index) +
          trajectory_charts(results, variable.name) + "</div>\n" +
          html_by_hours(results, scores, variable.units);
  if (const std::string maps = score_maps(results, index); !maps.empty())
    html += "<h3>Scores by cell, over all hours</h3>\n" + maps;
  if (const std::string charts = point_charts(results, index); !charts.empty())
    html += "<h3>Two points that share a coarse cell</h3>\n<div class=\"charts\">" + charts + "</div>\n";
  if (const std::string maps = event_maps(results, index); !maps.empty())
    html += fmt::format("<h3>The strongest event: {}</h3>\n", escape_html(results.event.what)) + maps;
  return html;
}

/// What is derived from the wind: its speed, and a turbine's power.
std::string wind_html(const Results& results) {
  std::string html;
  for (const auto& [variable, heading] :
       {std::pair{"wind_speed", "Wind speed"}, std::pair{"wind_power", "Wind power"},
        std::pair{"wind_divergence", "Divergence of the wind"}, std::pair{"wind_curl", "Curl of the wind"}})
    if (const std::string charts = trajectory_charts(results, variable); !charts.empty())
      html +=
          fmt::format("<h2 id=\"{}\">{}</h2>\n<div class=\"charts\">{}</div>\n", variable, heading, charts);
  return html;
}

std::string trajectories_html(const Results& results) {
  const std::vector<TrajectoryRow> rows = trajectory_rows(results.trajectories, false);
  if (rows.empty()) return "";
  std::string html =
      "<h2 id=\"trajectories\">Each trajectory by itself</h2>\n<div class=\"scroll\"><table "
      "class=\"wrapped\"><tr><th></th>"
      "<th>members<br>(lowest to highest)</th><th>reference</th><th>interpolation</th>"
      "<th>members minus<br>reference</th></tr>\n";
  for (const TrajectoryRow& row : rows)
    html += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                        escape_html(row.label), row.members, row.truth, row.interpolation, row.error);
  html += "</table></div>\n";
  for (const std::string& line : missing_intervals(results.trajectories, false))
    html += "<p>" + escape_html(line) + "</p>\n";
  return html;
}

std::string joint_html(const JointResults& joint) {
  if (joint.pairs.empty()) return "";
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}", *value) : std::string("–");
  };
  std::string html =
      "<h2 id=\"joint\">Variables together</h2>\n<div "
      "class=\"scroll\"><table><tr><th></th><th>correlation,<br>members"
      "</th><th>correlation,<br>reference</th><th>tail dependence,<br>members</th><th>tail "
      "dependence,<br>reference</th><th>joint exceedance,<br>members</th><th>joint "
      "exceedance,<br>reference</th>"
      "</tr>\n";
  const auto small = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.5f}", *value) : std::string("–");
  };
  for (const PairResults& pair : joint.pairs)
    html += fmt::format(
        "<tr><td>{} and {}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape_html(pair.first), escape_html(pair.second), number(pair.members_correlation),
        number(pair.truth_correlation), number(pair.members_tail_dependence),
        number(pair.truth_tail_dependence), small(pair.members_joint_exceedance),
        small(pair.truth_joint_exceedance));
  return html + "</table></div>\n";
}

std::string provenance_html(const Results& results) {
  std::string html = "<h2 id=\"provenance\">Provenance</h2>\n<div class=\"scroll\"><table class=\"text\">\n";
  for (const auto& [name, value] : results.provenance)
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", escape_html(name), escape_html(value));
  return html + "</table></div>\n<p>Coastlines: Natural Earth.</p>\n";
}

std::string contents(const Results& results) {
  std::string html = "<nav><a href=\"#short\">In short</a> <a href=\"#scores\">Scores</a>";
  for (std::size_t index = 0; index < results.variables.size(); ++index)
    html += fmt::format(" <a href=\"#v{}\">{}</a>", index, escape_html(results.variables[index].name));
  return html + " <a href=\"#trajectories\">Trajectories</a> <a href=\"#provenance\">Provenance</a></nav>\n";
}

}  // namespace

std::string report_html(const Results& results) {
  std::string html = page_begin("foehn: scores") + fmt::format("<p>{}.</p>\n", escape_html(summary(results)));
  html += contents(results) + verdicts_html(results) + overview_html(results);
  for (const std::string& reason : results.not_scored)
    html += fmt::format("<p>Some scores are missing: {}.</p>\n", escape_html(reason));
  if (results.climate_change) html += climate_change_html(results);
  for (std::size_t index = 0; index < results.variables.size(); ++index)
    html += variable_html(results, index);
  html +=
      wind_html(results) + trajectories_html(results) + joint_html(results.joint) + provenance_html(results);
  return html + "</body></html>\n";
}

}  // namespace foehn::evaluation

#include <fmt/format.h>

#include <algorithm>

#include "evaluation/climate_change_report.hpp"
#include "evaluation/overall_scores.hpp"
#include "evaluation/score_table.hpp"
#include "evaluation/trajectory_report.hpp"
#include "evaluation/verdict.hpp"
#include "foehn/evaluation/report.hpp"

namespace foehn::evaluation {
namespace {

/// One row per kind of score and one column per variable, over all hours.
std::string overview(const Results& results) {
  constexpr int kLabelWidth = 20, kWidth = 28;
  std::string text = fmt::format("\n{:<{}}", "over all hours", kLabelWidth);
  for (const io::Variable& variable : results.variables)
    text += fmt::format("{:>{}}", fmt::format("{} [{}]", variable.name, variable.units), kWidth);
  text += "\n";
  const auto add_row = [&](const std::string& label, const auto& value_text) {
    text += fmt::format("{:<{}}", label, kLabelWidth);
    for (const VariableResults& scores : results.scores)
      text += fmt::format("{:>{}}", value_text(scores), kWidth);
    text += "\n";
  };
  for (const ScoreKind& kind : score_kinds(results))
    add_row(kind.heading, [&](const VariableResults& scores) {
      const auto value = kind.value(scores.all_hours);
      return value ? number_text(*value, scores.all_hours, kind.name) : std::string("-");
    });
  for (const OverviewRow& row : other_rows(results)) {
    text += fmt::format("{:<{}}", row.heading, kLabelWidth);
    for (const std::string& cell : row.cells) text += fmt::format("{:>{}}", cell, kWidth);
    text += "\n";
  }
  return text;
}

/// Scores by hours since the last observation, one row each.
std::string text_by_hours(const Results& results, const VariableResults& scores) {
  constexpr int kWidth = 10;
  const auto kinds = score_kinds(results);
  std::string upper = fmt::format("{:>9}{:>7}", "hours", "");
  std::string lower = fmt::format("{:>9}{:>7}", "since obs", "hours");
  for (const auto& kind : kinds) {
    const auto gap = kind.heading.find(' ');
    upper += fmt::format("{:>{}}", kind.heading.substr(0, gap), kWidth);
    lower += fmt::format("{:>{}}", kind.heading.substr(gap + 1), kWidth);
  }
  std::string text = fmt::format("{}\n{}\n", upper, lower);
  const auto add_row = [&](const std::string& label, const HourScores& row) {
    text += fmt::format("{:>9}{:>7}", label, row.hours);
    for (const auto& kind : kinds) {
      const auto value = kind.value(row);
      text += fmt::format("{:>{}}", value ? number_text(*value) : "-", kWidth);
    }
    text += "\n";
  };
  for (std::size_t steps = 0; steps < scores.by_hours_since_observation.size(); ++steps)
    add_row(fmt::format("{:g}", since_observation_hours(results, steps)),
            scores.by_hours_since_observation[steps]);
  if (scores.observed_hours && scores.hours_between) {
    add_row("observed", *scores.observed_hours);
    add_row("between", *scores.hours_between);
  }
  for (std::size_t month = 0; month < scores.by_month.size(); ++month)
    if (scores.by_month[month].hours > 0) add_row(fmt::format("month {}", month + 1), scores.by_month[month]);
  for (std::size_t hour = 0; hour < scores.by_hour_of_day.size(); ++hour)
    if (scores.by_hour_of_day[hour].hours > 0)
      add_row(fmt::format("{:02} UTC", hour), scores.by_hour_of_day[hour]);
  add_row("all", scores.all_hours);
  return text;
}

std::string joint_text(const Results& results) {
  const JointResults& joint = results.joint;
  std::string text;
  const auto add_score = [&](const char* heading, const std::optional<double>& score, const char* name) {
    if (score)
      text +=
          fmt::format("{}: {}\n", heading, number_text(*score, interval_of(results, kAllVariables, name)));
  };
  add_score("\nenergy score of tiles", joint.energy_score, "energy_score");
  add_score("variogram score of tiles", joint.variogram_score, "variogram_score");
  const auto number = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}", *value) : std::string("-");
  };
  const auto small = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.5f}", *value) : std::string("-");
  };
  for (const PairResults& pair : joint.pairs)
    text += fmt::format(
        "{} and {}: correlation {} (reference {}), tail dependence {} (reference {}), "
        "joint exceedance {} (reference {})\n",
        pair.first, pair.second, number(pair.members_correlation), number(pair.truth_correlation),
        number(pair.members_tail_dependence), number(pair.truth_tail_dependence),
        small(pair.members_joint_exceedance), small(pair.truth_joint_exceedance));
  return text;
}

std::string legend(const Results& results) {
  std::string text = "\nmean: ensemble mean; interp.: interpolated observations";
  if (std::any_of(results.scores.begin(), results.scores.end(), [](const VariableResults& scores) {
        return scores.all_hours.anomaly_interpolation.has_value();
      }))
    text +=
        "; anomaly: interpolated anomalies of the observations from the prior's climatology; climatology: "
        "that "
        "alone";
  text +=
      "; spread / skill and spread / debiased: 1 where calibrated, the latter without the error that few "
      "members make; log ratio: mean |log| of the members' spatial power over the reference's";
  if (results.has_reference)
    text +=
        "; skill: 1 - Brier score over that of the base rate, of the event that a value lies above (below) "
        "its "
        "local and seasonal quantile";
  if (std::any_of(results.scores.begin(), results.scores.end(),
                  [](const VariableResults& scores) { return scores.members_similarity.has_value(); }))
    text += "; SSIM: mean structural similarity of fields to the reference's";
  if (results.replicates > 0)
    text += fmt::format("; in brackets: 95 % of bootstrap samples of {} blocks of days", results.blocks);
  else if (has_too_few_blocks(results))
    text += fmt::format("; {}", too_few_blocks_text(results));
  return text + "\n";
}

}  // namespace

std::string scores_text(const Results& results, bool in_full) {
  std::string text = summary(results) + "\n" + overview(results);
  for (const std::string& reason : results.not_scored) text += reason + "\n";
  for (std::size_t index = 0; index < results.variables.size(); ++index) {
    const io::Variable& variable = results.variables[index];
    const VariableResults& scores = results.scores[index];
    text += fmt::format("\n{}\n", title(variable));
    if (in_full) text += text_by_hours(results, scores);
    if (scores.seam) text += seam_text(*scores.seam) + "\n";
    text += agreement_text(scores, variable.units) + "\n";
  }
  return text + joint_text(results) + trajectories_text(results.trajectories, in_full) + legend(results) +
         climate_change_text(results, in_full) + verdicts_text(results);
}

}  // namespace foehn::evaluation

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "evaluation/page.hpp"
#include "evaluation/plots.hpp"
#include "evaluation/score_table.hpp"
#include "foehn/evaluation/compare.hpp"

namespace foehn::evaluation {
namespace {

std::string best_text(Best best) {
  switch (best) {
    case Best::lowest:
      return "lowest";
    case Best::highest:
      return "highest";
    case Best::zero:
      return "0";
    case Best::one:
      return "1";
    case Best::unknown:
      break;
  }
  return "";
}

/// In how many scores a run is better, worse or no different.
struct Tally {
  std::size_t better = 0, worse = 0, no_difference = 0;
};

Tally tally(const Comparison& comparison, std::size_t run) {
  Tally counts;
  for (const ComparedScore& score : comparison.scores) {
    const auto& difference = score.differences[run];
    if (!difference || !difference->judgement) continue;
    if (*difference->judgement == Judgement::better) ++counts.better;
    if (*difference->judgement == Judgement::worse) ++counts.worse;
    if (*difference->judgement == Judgement::no_difference) ++counts.no_difference;
  }
  return counts;
}

/// A line for each run but the first.
std::string tally_text(const Comparison& comparison) {
  std::string text;
  for (std::size_t run = 1; run < comparison.runs.size(); ++run) {
    const Tally counts = tally(comparison, run);
    text += fmt::format("{} is better than {} in {} scores, worse in {}, no different in {}\n",
                        comparison.runs[run], comparison.runs.front(), counts.better, counts.worse,
                        counts.no_difference);
  }
  return text;
}

std::string comparison_legend(const Comparison& comparison) {
  return fmt::format(
      "in brackets: 95 % of bootstrap samples of {} blocks of days, the same in all runs; better and worse: "
      "95 % of the samples lie on one side, so about one score in twenty would be by chance alone; error: "
      "members "
      "minus truth",
      comparison.blocks);
}

std::string comparison_row(const ComparedScore& score) {
  std::string html =
      fmt::format("<tr><td>{} [{}]</td>", escape_html(score.heading), escape_html(score.units));
  for (const auto& value : score.values)
    html += fmt::format("<td>{}</td>", value ? number_text(*value) : "–");
  for (std::size_t run = 1; run < score.differences.size(); ++run) {
    const auto& difference = score.differences[run];
    html +=
        fmt::format("<td>{}</td>", difference ? number_text(difference->value, difference->interval) : "–");
    if (!difference || !difference->judgement) {
      html += "<td></td>";
      continue;
    }
    const Judgement judgement = *difference->judgement;
    html += judgement == Judgement::no_difference
                ? fmt::format("<td>{}</td>", judgement_text(judgement))
                : fmt::format("<td class=\"{}\"><b>{}</b></td>",
                              judgement == Judgement::better ? "good" : "poor", judgement_text(judgement));
  }
  return html + "</tr>\n";
}

}  // namespace

std::string judgement_text(Judgement judgement) {
  if (judgement == Judgement::no_difference) return "no difference";
  return judgement == Judgement::better ? "better" : "worse";
}

std::string comparison_text(const Comparison& comparison) {
  constexpr int kLabelWidth = 34, kWidth = 12, kDifferenceWidth = 34, kJudgementWidth = 15;
  std::string text, variable;
  for (const ComparedScore& score : comparison.scores) {
    if (score.variable != variable) {
      variable = score.variable;
      text += fmt::format("\n{:<{}}", variable, kLabelWidth);
      for (const std::string& run : comparison.runs) text += fmt::format("{:>{}}", run, kWidth);
      for (std::size_t run = 1; run < comparison.runs.size(); ++run)
        text += fmt::format("{:>{}}{:{}}", comparison.runs[run] + " - " + comparison.runs.front(),
                            kDifferenceWidth, "", kJudgementWidth);
      text += "\n";
    }
    text += fmt::format("{:<{}}", score.heading + (score.units == "1" ? "" : " [" + score.units + "]"),
                        kLabelWidth);
    for (const auto& value : score.values)
      text += fmt::format("{:>{}}", value ? number_text(*value) : "-", kWidth);
    for (std::size_t run = 1; run < score.differences.size(); ++run) {
      const auto& difference = score.differences[run];
      const std::string judgement =
          difference && difference->judgement ? judgement_text(*difference->judgement) : "";
      text += fmt::format("{:>{}}  {:<{}}",
                          difference ? number_text(difference->value, difference->interval) : "-",
                          kDifferenceWidth, judgement, kJudgementWidth - 2);
    }
    text += "\n";
  }
  return text + "\n" + tally_text(comparison) + comparison_legend(comparison) + "\n";
}

nlohmann::ordered_json comparison_json(const Comparison& comparison) {
  nlohmann::ordered_json json;
  json["runs"] = comparison.runs;
  json["differences_from"] = comparison.runs.front();
  json["bootstrap_blocks"] = comparison.blocks;
  for (const ComparedScore& score : comparison.scores) {
    nlohmann::ordered_json& entry = json["variables"][score.variable][score.score];
    entry["units"] = score.units;
    if (score.best != Best::unknown) entry["best"] = best_text(score.best);
    for (std::size_t run = 0; run < score.values.size(); ++run) {
      const std::string& name = comparison.runs[run];
      if (score.values[run]) entry["values"][name] = *score.values[run];
      const auto& difference = score.differences[run];
      if (!difference) continue;
      entry["differences"][name] = difference->value;
      if (difference->interval)
        entry["difference_intervals"][name] = {difference->interval->low, difference->interval->high};
      if (difference->judgement) entry["judgements"][name] = judgement_text(*difference->judgement);
    }
  }
  return json;
}

std::string comparison_html(const Comparison& comparison) {
  std::string html = page_begin("foehn: comparison of runs");
  html += "<h2 id=\"short\">In short</h2>\n<ul>\n";
  for (std::size_t run = 1; run < comparison.runs.size(); ++run) {
    const Tally counts = tally(comparison, run);
    html += fmt::format(
        "<li><b>{}</b> is better than <b>{}</b> in {} scores, worse in {}, no different in {}.</li>\n",
        escape_html(comparison.runs[run]), escape_html(comparison.runs.front()), counts.better, counts.worse,
        counts.no_difference);
  }
  html += fmt::format("</ul>\n<p>{}.</p>\n", escape_html(comparison_legend(comparison)));
  std::string variable;
  for (const ComparedScore& score : comparison.scores) {
    if (score.variable != variable) {
      if (!variable.empty()) html += "</table></div>\n";
      variable = score.variable;
      html += fmt::format("<h2>{}</h2>\n<div class=\"scroll\"><table><tr><th></th>", escape_html(variable));
      for (const std::string& run : comparison.runs) html += fmt::format("<th>{}</th>", escape_html(run));
      for (std::size_t run = 1; run < comparison.runs.size(); ++run)
        html += fmt::format("<th>{} minus {}</th><th></th>", escape_html(comparison.runs[run]),
                            escape_html(comparison.runs.front()));
      html += "</tr>\n";
    }
    html += comparison_row(score);
  }
  return html + (variable.empty() ? "" : "</table></div>\n") + "</body></html>\n";
}

}  // namespace foehn::evaluation

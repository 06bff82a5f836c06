#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "evaluation/score_table.hpp"
#include "foehn/evaluation/compare.hpp"

namespace foehn::evaluation {

std::string comparison_text(const Comparison& comparison) {
  constexpr int kLabelWidth = 20, kWidth = 12, kDifferenceWidth = 32;
  std::string text, variable;
  for (const ComparedScore& score : comparison.scores) {
    if (score.variable != variable) {
      variable = score.variable;
      text += fmt::format("\n{:<{}}", variable, kLabelWidth);
      for (const std::string& run : comparison.runs) text += fmt::format("{:>{}}", run, kWidth);
      for (std::size_t run = 1; run < comparison.runs.size(); ++run)
        text +=
            fmt::format("{:>{}}", comparison.runs[run] + " - " + comparison.runs.front(), kDifferenceWidth);
      text += "\n";
    }
    text += fmt::format("{:<{}}", score.heading + (score.units == "1" ? "" : " [" + score.units + "]"),
                        kLabelWidth);
    for (const auto& value : score.values)
      text += fmt::format("{:>{}}", value ? number_text(*value) : "-", kWidth);
    for (std::size_t run = 1; run < score.differences.size(); ++run) {
      const auto& difference = score.differences[run];
      std::string cell = difference ? number_text(difference->value) : "-";
      if (difference && difference->interval)
        cell += fmt::format(" ({} to {})", number_text(difference->interval->low),
                            number_text(difference->interval->high));
      text += fmt::format("{:>{}}", cell, kDifferenceWidth);
    }
    text += "\n";
  }
  return text +
         fmt::format("\nin brackets: 95 % of bootstrap samples of {} blocks of days, the same in all runs\n",
                     comparison.blocks);
}

nlohmann::ordered_json comparison_json(const Comparison& comparison) {
  nlohmann::ordered_json json;
  json["runs"] = comparison.runs;
  json["differences_from"] = comparison.runs.front();
  json["bootstrap_blocks"] = comparison.blocks;
  for (const ComparedScore& score : comparison.scores) {
    nlohmann::ordered_json& entry = json["variables"][score.variable][score.score];
    entry["units"] = score.units;
    for (std::size_t run = 0; run < score.values.size(); ++run) {
      const std::string& name = comparison.runs[run];
      if (score.values[run]) entry["values"][name] = *score.values[run];
      const auto& difference = score.differences[run];
      if (!difference) continue;
      entry["differences"][name] = difference->value;
      if (difference->interval)
        entry["difference_intervals"][name] = {difference->interval->low, difference->interval->high};
    }
  }
  return json;
}

}  // namespace foehn::evaluation

#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"

namespace foehn::evaluation {

/// What an evaluation found of one of several runs.
struct NamedResults {
  std::string name;
  Results results;
};

/// What a difference from the first run means.
enum class Judgement { better, worse, no_difference };

/// How much higher a run's score is than the first run's.
struct ScoreDifference {
  double value = 0;
  /// 95 % by block bootstrap, of the same blocks in both runs; absent where there are fewer than five, or the
  /// score has no samples.
  std::optional<Interval> interval;
  /// Better or worse where the interval of how much nearer to its best value the score is leaves out 0;
  /// absent without an interval, or where no value is best.
  std::optional<Judgement> judgement;
};

/// One score over all hours, run by run.
struct ComparedScore {
  std::string variable;  ///< or "tas and psl", "wind_power", "all variables" and the like
  std::string score;     ///< as in scores.json
  std::string heading;   ///< for people
  std::string units;
  Best best = Best::unknown;
  std::vector<std::optional<double>> values;                ///< [run]
  std::vector<std::optional<ScoreDifference>> differences;  ///< [run]; absent for the first
};

struct Comparison {
  std::vector<std::string> runs;
  std::int64_t blocks = 0;  ///< that intervals resample
  std::vector<ComparedScore> scores;
};

/// Sets the members' scores of several runs side by side: those of OverallScore that any run has.
/// @throws Error naming the run that has other variables, cells or hours than the first
Comparison compare(const std::vector<NamedResults>& runs);

/// A table per variable, and what its numbers mean.
std::string comparison_text(const Comparison& comparison);
nlohmann::ordered_json comparison_json(const Comparison& comparison);
/// One HTML page that needs no other file: which run is better in what, and the table.
std::string comparison_html(const Comparison& comparison);

/// "better", "worse" or "no difference"
std::string judgement_text(Judgement judgement);

}  // namespace foehn::evaluation

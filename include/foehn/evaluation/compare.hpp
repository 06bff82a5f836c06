#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/results.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// What an evaluation found of one of several runs.
struct NamedResults {
  std::string name;
  Results results;
};

/// How much higher a run's score is than the first run's.
struct ScoreDifference {
  double value = 0;
  /// 95 % by block bootstrap, of the same blocks in both runs; absent with fewer than five blocks.
  std::optional<Interval> interval;
};

/// One score of one variable over all hours, run by run.
struct ComparedScore {
  std::string variable;
  std::string score;    ///< as in scores.json
  std::string heading;  ///< for people
  std::string units;
  std::vector<std::optional<double>> values;                ///< [run]
  std::vector<std::optional<ScoreDifference>> differences;  ///< [run]; absent for the first
};

struct Comparison {
  std::vector<std::string> runs;
  std::int64_t blocks = 0;  ///< that intervals resample
  std::vector<ComparedScore> scores;
};

/// Sets the members' scores of several runs side by side.
/// @throws Error naming the run that has other variables, cells or hours than the first
Comparison compare(const std::vector<NamedResults>& runs, const BootstrapOptions& options);

/// A table per variable, and what its numbers mean.
std::string comparison_text(const Comparison& comparison);
nlohmann::ordered_json comparison_json(const Comparison& comparison);

}  // namespace foehn::evaluation

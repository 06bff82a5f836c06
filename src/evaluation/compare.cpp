#include "foehn/evaluation/compare.hpp"

#include <fmt/format.h>

#include "evaluation/bootstrap.hpp"
#include "evaluation/finish.hpp"
#include "evaluation/score_table.hpp"
#include "foehn/core/error.hpp"

namespace foehn::evaluation {
namespace {

std::string hours_text(const Results& results) {
  return fmt::format("{} hours, {} to {}", results.hours, results.first_time, results.last_time);
}

std::string variables_text(const Results& results) {
  std::string text;
  for (const io::Variable& variable : results.variables)
    text += fmt::format("{}{} [{}]", text.empty() ? "" : ", ", variable.name, variable.units);
  return text;
}

void check_comparable(const NamedResults& first, const NamedResults& other) {
  const auto expect_same = [&](const char* what, const std::string& expected, const std::string& found) {
    if (expected != found)
      throw core::Error(fmt::format("run {}: {}: {}, expected {} as in run {}", other.name, what, found,
                                    expected, first.name));
  };
  const Results &one = first.results, &two = other.results;
  expect_same("variables", variables_text(one), variables_text(two));
  expect_same("hours", hours_text(one), hours_text(two));
  expect_same("blocks of days", std::to_string(one.block_sums.size()), std::to_string(two.block_sums.size()));
  if (const auto difference = grid::difference(one.grid, two.grid))
    throw core::Error(fmt::format("run {}: grid: {}, as in run {}", other.name, *difference, first.name));
}

/// The members' kinds of score that any run has.
std::vector<ScoreKind> compared_kinds(const std::vector<NamedResults>& runs) {
  std::vector<ScoreKind> kinds;
  for (const ScoreKind& kind : all_score_kinds()) {
    bool has_kind = false;
    for (const NamedResults& run : runs)
      for (const VariableResults& scores : run.results.scores)
        has_kind = has_kind || kind.value(scores.all_hours).has_value();
    if (kind.is_of_members && has_kind) kinds.push_back(kind);
  }
  return kinds;
}

/// The scores of some variables in some kinds over all hours, [variable, kind].
using Values = std::vector<std::optional<double>>;

Values values_of(const std::vector<VariableResults>& scores, const std::vector<ScoreKind>& kinds) {
  Values values;
  for (const VariableResults& variable : scores)
    for (const ScoreKind& kind : kinds) values.push_back(kind.value(variable.all_hours));
  return values;
}

/// The values of every bootstrap replicate of a run.
std::vector<Values> replicates_of(const Results& run, const std::vector<ScoreKind>& kinds,
                                  const BootstrapOptions& options) {
  std::vector<Values> replicates;
  if (run.block_sums.size() < kFewestBootstrapBlocks) return replicates;
  const RadialSpectrum spectrum(run.grid.ny(), run.grid.nx());
  bootstrap(run.block_sums, options, [&](const std::vector<double>& sums) {
    replicates.push_back(values_of(finish_packed(run, spectrum, sums).variables, kinds));
  });
  return replicates;
}

std::optional<Interval> interval_of_difference(const std::vector<Values>& first,
                                               const std::vector<Values>& other, std::size_t place) {
  std::vector<double> differences;
  for (std::size_t replicate = 0; replicate < first.size(); ++replicate) {
    const auto &one = first[replicate][place], &two = other[replicate][place];
    if (one && two) differences.push_back(*two - *one);
  }
  if (differences.empty()) return std::nullopt;
  return central_interval(differences);
}

}  // namespace

Comparison compare(const std::vector<NamedResults>& runs, const BootstrapOptions& options) {
  for (const NamedResults& run : runs) check_comparable(runs.front(), run);
  const std::vector<ScoreKind> kinds = compared_kinds(runs);
  std::vector<Values> values;
  std::vector<std::vector<Values>> replicates;
  Comparison comparison;
  comparison.blocks = static_cast<std::int64_t>(runs.front().results.block_sums.size());
  for (const NamedResults& run : runs) {
    comparison.runs.push_back(run.name);
    values.push_back(values_of(run.results.scores, kinds));
    replicates.push_back(replicates_of(run.results, kinds, options));
  }
  std::size_t place = 0;
  for (const io::Variable& variable : runs.front().results.variables) {
    for (const ScoreKind& kind : kinds) {
      ComparedScore score{
          variable.name, kind.name, kind.heading, kind.has_unit ? variable.units : "1", {}, {}};
      for (std::size_t run = 0; run < runs.size(); ++run) {
        const auto &first = values.front()[place], &mine = values[run][place];
        score.values.push_back(mine);
        score.differences.emplace_back();
        if (run > 0 && first && mine)
          score.differences.back() = ScoreDifference{
              *mine - *first, interval_of_difference(replicates.front(), replicates[run], place)};
      }
      comparison.scores.push_back(score);
      ++place;
    }
  }
  return comparison;
}

}  // namespace foehn::evaluation

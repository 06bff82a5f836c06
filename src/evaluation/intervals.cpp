#include "evaluation/intervals.hpp"

#include <limits>

#include "evaluation/bootstrap.hpp"
#include "evaluation/finish.hpp"
#include "evaluation/overall_scores.hpp"
#include "evaluation/score_table.hpp"

namespace foehn::evaluation {
namespace {

/// Calls `visit` for every row of a variable's scores, always in the same order; null for an absent one.
template <class Scores, class F>
void visit_rows(Scores& scores, F&& visit) {
  visit(&scores.all_hours);
  visit(scores.observed_hours ? &*scores.observed_hours : nullptr);
  visit(scores.hours_between ? &*scores.hours_between : nullptr);
  for (auto* rows : {&scores.by_hours_since_observation, &scores.by_month, &scores.by_hour_of_day})
    for (auto& row : *rows) visit(&row);
}

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// @param sample  the scores of one, in the order of the results'
void add_replicate(Results& results, const std::vector<OverallScore>& sample) {
  for (std::size_t i = 0; i < sample.size(); ++i)
    results.overall[i].replicates.push_back(sample[i].value.value_or(kUndefined));
}

}  // namespace

void add_intervals(Results& results, const SpatialSpectrum& spectrum,
                   const std::vector<std::vector<double>>& blocks, const BootstrapOptions& options) {
  if (!has_intervals(blocks.size(), options)) return;
  const std::vector<ScoreKind> kinds = score_kinds(results);
  std::vector<std::vector<double>> samples;  // [variable, row, kind] of replicates
  bootstrap(blocks, options, [&](const std::vector<double>& sums) {
    const Finished finished = finish_packed(results, spectrum, sums);
    add_replicate(results, overall_scores(results, finished.variables, finished.joint));
    std::size_t place = 0;
    for (const VariableResults& scores : finished.variables)
      visit_rows(scores, [&](const HourScores* row) {
        for (const ScoreKind& kind : kinds) {
          if (place == samples.size()) samples.emplace_back();
          const auto value = row != nullptr && row->hours > 0 ? kind.value(*row) : std::nullopt;
          samples[place++].push_back(value.value_or(kUndefined));
        }
      });
  });
  std::size_t place = 0;
  for (VariableResults& scores : results.scores)
    visit_rows(scores, [&](HourScores* row) {
      for (const ScoreKind& kind : kinds) {
        const std::vector<double>& values = samples[place++];
        if (row == nullptr || row->hours == 0 || !kind.value(*row)) continue;
        if (const auto interval = interval_of_replicates(values)) row->intervals[kind.name] = *interval;
      }
    });
  for (OverallScore& score : results.overall)
    if (score.value) score.interval = interval_of_replicates(score.replicates);
  results.replicates = options.replicates;
}

}  // namespace foehn::evaluation

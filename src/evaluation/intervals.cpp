#include "evaluation/intervals.hpp"

#include "evaluation/bootstrap.hpp"
#include "evaluation/finish.hpp"
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

}  // namespace

void add_intervals(Results& results, const RadialSpectrum& spectrum, const BootstrapOptions& options) {
  if (results.block_sums.size() < kFewestBootstrapBlocks || options.replicates == 0) return;
  const std::vector<ScoreKind> kinds = score_kinds(results);
  std::vector<std::vector<double>> samples;  // [variable, row, kind] of replicates
  std::vector<double> energy, variogram;
  bootstrap(results.block_sums, options, [&](const std::vector<double>& sums) {
    const Finished finished = finish_packed(results, spectrum, sums);
    if (finished.joint.energy_score) energy.push_back(*finished.joint.energy_score);
    if (finished.joint.variogram_score) variogram.push_back(*finished.joint.variogram_score);
    std::size_t place = 0;
    for (const VariableResults& scores : finished.variables)
      visit_rows(scores, [&](const HourScores* row) {
        for (const ScoreKind& kind : kinds) {
          if (place == samples.size()) samples.emplace_back();
          const auto value = row != nullptr && row->hours > 0 ? kind.value(*row) : std::nullopt;
          if (value) samples[place].push_back(*value);
          ++place;
        }
      });
  });
  std::size_t place = 0;
  for (VariableResults& scores : results.scores)
    visit_rows(scores, [&](HourScores* row) {
      for (const ScoreKind& kind : kinds) {
        const std::vector<double>& values = samples[place++];
        const bool is_scored = row != nullptr && row->hours > 0 && kind.value(*row);
        if (is_scored && 10 * static_cast<std::int64_t>(values.size()) >= 9 * options.replicates)
          row->intervals[kind.name] = central_interval(values);
      }
    });
  if (!energy.empty()) results.joint.energy_interval = central_interval(energy);
  if (!variogram.empty()) results.joint.variogram_interval = central_interval(variogram);
  results.replicates = options.replicates;
}

}  // namespace foehn::evaluation

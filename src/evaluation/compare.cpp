#include "foehn/evaluation/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluation/bootstrap.hpp"
#include "foehn/core/error.hpp"

namespace foehn::evaluation {
namespace {

std::string hours_text(const Results& results) {
  return fmt::format("{} hours, {} to {}", results.hours, results.first_time, results.last_time);
}

std::string compared_variables(const Results& results) {
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
  expect_same("variables", compared_variables(one), compared_variables(two));
  expect_same("hours", hours_text(one), hours_text(two));
  expect_same("blocks of days", std::to_string(one.blocks), std::to_string(two.blocks));
  if (const auto difference = grid::difference(one.grid, two.grid))
    throw core::Error(fmt::format("run {}: grid: {}, as in run {}", other.name, *difference, first.name));
}

/// How far a value is from the best one; NaN where none is best.
double distance_from_best(Best best, double value) {
  switch (best) {
    case Best::lowest:
      return value;
    case Best::highest:
      return -value;
    case Best::zero:
      return std::abs(value);
    case Best::one:
      return std::abs(std::log(value));
    case Best::unknown:
      break;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::optional<Judgement> judge(const OverallScore& first, const OverallScore& other) {
  std::vector<double> farther;
  for (std::size_t i = 0; i < std::min(first.replicates.size(), other.replicates.size()); ++i)
    farther.push_back(distance_from_best(other.best, other.replicates[i]) -
                      distance_from_best(first.best, first.replicates[i]));
  const std::optional<Interval> interval = interval_of_replicates(farther);
  if (!interval) return std::nullopt;
  if (interval->high < 0) return Judgement::better;
  return interval->low > 0 ? Judgement::worse : Judgement::no_difference;
}

ScoreDifference difference_of_scores(const OverallScore& first, const OverallScore& other) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < std::min(first.replicates.size(), other.replicates.size()); ++i)
    differences.push_back(other.replicates[i] - first.replicates[i]);
  return {*other.value - *first.value, interval_of_replicates(differences), judge(first, other)};
}

const OverallScore* same_score(const Results& results, const OverallScore& score) {
  for (const OverallScore& one : results.overall)
    if (one.key == score.key) return &one;
  return nullptr;
}

/// The subjects of some scores, each once.
std::vector<std::string> subjects_of(const std::vector<OverallScore>& scores) {
  std::vector<std::string> subjects;
  for (const OverallScore& score : scores)
    if (std::find(subjects.begin(), subjects.end(), score.subject) == subjects.end())
      subjects.push_back(score.subject);
  return subjects;
}

/// What is compared: the first run's scores, then those that only others have.
std::vector<OverallScore> compared_scores(const std::vector<NamedResults>& runs) {
  std::vector<OverallScore> scores;
  for (const NamedResults& run : runs)
    for (const OverallScore& score : run.results.overall) {
      const auto is_same = [&](const OverallScore& one) { return one.key == score.key; };
      if (score.value && std::none_of(scores.begin(), scores.end(), is_same)) scores.push_back(score);
    }
  // Those of one subject together, in the order of their first.
  const auto place_of = [subjects = subjects_of(scores)](const OverallScore& score) {
    return std::find(subjects.begin(), subjects.end(), score.subject);
  };
  std::stable_sort(scores.begin(), scores.end(), [&](const OverallScore& one, const OverallScore& other) {
    return place_of(one) < place_of(other);
  });
  return scores;
}

}  // namespace

Comparison compare(const std::vector<NamedResults>& runs) {
  for (const NamedResults& run : runs) check_comparable(runs.front(), run);
  Comparison comparison;
  comparison.blocks = runs.front().results.blocks;
  for (const NamedResults& run : runs) comparison.runs.push_back(run.name);
  for (const OverallScore& score : compared_scores(runs)) {
    ComparedScore& compared = comparison.scores.emplace_back(
        ComparedScore{score.subject, score.name, score.heading, score.units, score.best, {}, {}});
    const OverallScore* first = same_score(runs.front().results, score);
    for (const NamedResults& run : runs) {
      const OverallScore* mine = same_score(run.results, score);
      const bool has_value = mine != nullptr && mine->value;
      compared.values.push_back(has_value ? mine->value : std::nullopt);
      compared.differences.emplace_back();
      if (compared.values.size() > 1 && has_value && first != nullptr && first->value)
        compared.differences.back() = difference_of_scores(*first, *mine);
    }
  }
  return comparison;
}

}  // namespace foehn::evaluation

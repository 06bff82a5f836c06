#include "foehn/evaluation/scores.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace foehn::evaluation {
namespace {

double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double unbiased_variance(std::span<const double> values) {
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size() - 1);
}

}  // namespace

void ErrorSums::add(double value, double weight) {
  count += weight;
  error += weight * value;
  absolute += weight * std::abs(value);
  squared += weight * (value * value);
}

ErrorScores finish(const ErrorSums& sums) {
  return {sums.absolute / sums.count, std::sqrt(sums.squared / sums.count), sums.error / sums.count};
}

EnsembleSums::EnsembleSums(std::int64_t members) : ranks(static_cast<std::size_t>(members + 1), 0.0) {}

EnsembleScore EnsembleSums::add(std::span<double> errors, double weight) {
  EnsembleScore score;
  std::sort(errors.begin(), errors.end());
  score.error = mean_of(errors);
  mean.add(score.error, weight);
  ensembles += weight;
  if (errors.size() > 1) {
    score.fair_crps = evaluation::fair_crps(errors);
    score.variance = unbiased_variance(errors);
    fair_crps += weight * score.fair_crps;
    variance += weight * score.variance;
  }
  // Members equal to the truth leave its rank open: every possible rank gets the same share.
  const auto [first_equal, past_equal] = std::equal_range(errors.begin(), errors.end(), 0.0);
  const auto below = first_equal - errors.begin();
  const auto ties = past_equal - first_equal;
  for (auto rank = below; rank <= below + ties; ++rank) {
    ranks[static_cast<std::size_t>(rank)] += weight / static_cast<double>(ties + 1);
  }
  return score;
}

double EnsembleSums::add_without_truth(std::span<const double> values, double weight) {
  ensembles += weight;
  const double of_these = values.size() > 1 ? unbiased_variance(values) : 0;
  variance += weight * of_these;
  return of_these;
}

EnsembleScores finish(const EnsembleSums& sums) {
  EnsembleScores scores;
  scores.mean = finish(sums.mean);
  const double count = sums.mean.count;
  const auto members = static_cast<double>(sums.ranks.size() - 1);
  if (sums.ensembles == 0) return scores;
  const double variance = sums.variance / sums.ensembles;
  if (members > 1) scores.spread = std::sqrt(variance);
  if (sums.mean.count == 0) return scores;
  if (members > 1) {
    scores.fair_crps = sums.fair_crps / count;
    if (scores.mean.rmse > 0)
      scores.spread_skill = std::sqrt((members + 1) / members) * *scores.spread / scores.mean.rmse;
    const double of_error = sums.mean.squared / count - variance / members;
    if (of_error > 0) scores.debiased_spread_skill = *scores.spread / std::sqrt(of_error);
  }
  for (const double hits : sums.ranks) scores.rank_histogram.push_back(hits / count);
  return scores;
}

std::vector<double> pit_histogram(std::span<const double> rank_histogram, std::size_t bins) {
  std::vector<double> histogram(bins, 0.0);
  const auto ranks = static_cast<double>(rank_histogram.size());
  for (std::size_t rank = 0; rank < rank_histogram.size(); ++rank) {
    // In bins: the rank's share of [0, 1].
    const double low = static_cast<double>(rank) / ranks * static_cast<double>(bins);
    const double high = static_cast<double>(rank + 1) / ranks * static_cast<double>(bins);
    for (auto bin = static_cast<std::size_t>(low); bin < bins && static_cast<double>(bin) < high; ++bin) {
      const double part =
          std::min(high, static_cast<double>(bin + 1)) - std::max(low, static_cast<double>(bin));
      histogram[bin] += rank_histogram[rank] * part / (high - low);
    }
  }
  return histogram;
}

double fair_crps(std::span<const double> ascending_errors) {
  // In ascending order, sum_ij |e_i - e_j| = 2 sum_k (2k - M + 1) e_k with k = 0 .. M-1.
  const auto members = static_cast<double>(ascending_errors.size());
  double absolute = 0;
  double half_pairs = 0;
  double weight = 1 - members;
  for (const double error : ascending_errors) {
    absolute += std::abs(error);
    half_pairs += weight * error;
    weight += 2;
  }
  return absolute / members - half_pairs / (members * (members - 1));
}

}  // namespace foehn::evaluation

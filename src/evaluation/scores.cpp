#include "foehn/evaluation/scores.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace foehn::evaluation {

void ErrorSums::add(double value) {
  ++count;
  error += value;
  absolute += std::abs(value);
  squared += value * value;
}

ErrorSums& ErrorSums::operator+=(const ErrorSums& other) {
  count += other.count;
  error += other.error;
  absolute += other.absolute;
  squared += other.squared;
  return *this;
}

ErrorScores finish(const ErrorSums& sums) {
  const auto count = static_cast<double>(sums.count);
  return {sums.absolute / count, std::sqrt(sums.squared / count), sums.error / count};
}

EnsembleSums::EnsembleSums(std::int64_t members) : ranks(static_cast<std::size_t>(members + 1), 0.0) {}

void EnsembleSums::add(std::span<double> errors) {
  std::sort(errors.begin(), errors.end());
  const auto size = static_cast<double>(errors.size());
  const double mean_error = std::accumulate(errors.begin(), errors.end(), 0.0) / size;
  mean.add(mean_error);
  if (errors.size() > 1) {
    fair_crps += evaluation::fair_crps(errors);
    double squares = 0;
    for (const double error : errors) squares += (error - mean_error) * (error - mean_error);
    variance += squares / (size - 1);
  }
  // Members equal to the truth leave its rank open: every possible rank gets the same share.
  const auto [first_equal, past_equal] = std::equal_range(errors.begin(), errors.end(), 0.0);
  const auto below = first_equal - errors.begin();
  const auto ties = past_equal - first_equal;
  for (auto rank = below; rank <= below + ties; ++rank) {
    ranks[static_cast<std::size_t>(rank)] += 1.0 / static_cast<double>(ties + 1);
  }
}

EnsembleSums& EnsembleSums::operator+=(const EnsembleSums& other) {
  mean += other.mean;
  fair_crps += other.fair_crps;
  variance += other.variance;
  std::transform(ranks.begin(), ranks.end(), other.ranks.begin(), ranks.begin(), std::plus<>());
  return *this;
}

EnsembleScores finish(const EnsembleSums& sums) {
  EnsembleScores scores;
  scores.mean = finish(sums.mean);
  const auto count = static_cast<double>(sums.mean.count);
  const auto members = static_cast<double>(sums.ranks.size() - 1);
  if (members > 1) {
    scores.fair_crps = sums.fair_crps / count;
    scores.spread = std::sqrt(sums.variance / count);
    if (scores.mean.rmse > 0) {
      scores.spread_skill = std::sqrt((members + 1) / members) * *scores.spread / scores.mean.rmse;
    }
  }
  for (const double hits : sums.ranks) scores.rank_histogram.push_back(hits / count);
  return scores;
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

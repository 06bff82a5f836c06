#include "foehn/evaluation/multivariate.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

namespace foehn::evaluation {
namespace {

double distance(std::span<const double> a, std::span<const double> b) {
  double squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(squares);
}

}  // namespace

double fair_energy_score(std::span<const double> truth, const std::vector<std::vector<double>>& members) {
  const auto count = static_cast<double>(members.size());
  double to_truth = 0, pairs = 0;  // of each unordered pair once
  for (std::size_t i = 0; i < members.size(); ++i) {
    to_truth += distance(members[i], truth);
    for (std::size_t j = 0; j < i; ++j) pairs += distance(members[i], members[j]);
  }
  return to_truth / count - pairs / (count * (count - 1));
}

double fair_variogram_score(std::span<const double> truth, const std::vector<std::vector<double>>& members) {
  const std::size_t size = members.size();
  const auto count = static_cast<double>(size);
  std::vector<double> values(truth.size() * size);  // [place, member], for there are many pairs of places
  for (std::size_t k = 0; k < truth.size(); ++k)
    for (std::size_t i = 0; i < size; ++i) values[k * size + i] = members[i][k];
  double score = 0;
  for (std::size_t k = 0; k < truth.size(); ++k) {
    const double* of_k = values.data() + k * size;
    for (std::size_t l = 0; l < k; ++l) {
      const double* of_l = values.data() + l * size;
      const double of_truth = std::sqrt(std::abs(truth[k] - truth[l]));
      double sum = 0, squares = 0, to_truth = 0;
      for (std::size_t i = 0; i < size; ++i) {
        const double difference = std::abs(of_k[i] - of_l[i]);
        const double root = std::sqrt(difference);
        to_truth += (root - of_truth) * (root - of_truth);
        sum += root;
        squares += difference;
      }
      // sum_ij (v_i - v_j)^2 = 2 M sum v^2 - 2 (sum v)^2
      score += to_truth / count - (count * squares - sum * sum) / (count * (count - 1));
    }
  }
  return 2 * score;  // ordered pairs
}

}  // namespace foehn::evaluation

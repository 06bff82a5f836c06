#include <cmath>

#include "foehn/evaluation/climate_change.hpp"

namespace foehn::evaluation {

std::optional<ChangeDifference> difference(const std::vector<double>& change,
                                           const std::vector<double>& driving_model) {
  double count = 0, sum = 0, squares = 0, sum_a = 0, sum_b = 0;
  const auto each = [&](auto&& use) {
    for (std::size_t cell = 0; cell < driving_model.size(); ++cell)
      if (std::isfinite(change[cell]) && std::isfinite(driving_model[cell]))
        use(change[cell], driving_model[cell]);
  };
  each([&](double a, double b) {
    ++count;
    sum += a - b;
    squares += (a - b) * (a - b);
    sum_a += a;
    sum_b += b;
  });
  if (count == 0) return std::nullopt;
  double product = 0, variance_a = 0, variance_b = 0;
  each([&](double a, double b) {
    product += (a - sum_a / count) * (b - sum_b / count);
    variance_a += (a - sum_a / count) * (a - sum_a / count);
    variance_b += (b - sum_b / count) * (b - sum_b / count);
  });
  ChangeDifference result{sum / count, std::sqrt(squares / count), std::nullopt};
  // Rounding of float32 makes no pattern.
  const double smallest = 1e-12 * (sum_a * sum_a + sum_b * sum_b) / count;
  if (variance_a > smallest && variance_b > smallest)
    result.correlation = product / std::sqrt(variance_a * variance_b);
  return result;
}

}  // namespace foehn::evaluation

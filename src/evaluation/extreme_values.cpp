#include "evaluation/extreme_values.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace foehn::evaluation {
namespace {

constexpr double kNearlyGumbel = 1e-6;

/// (1 - b^-k)/k, which is ln b where k is 0.
double scaled_power(double base, double shape) {
  return shape == 0 ? std::log(base) : -std::expm1(-shape * std::log(base)) / shape;
}

/// The ratio of the third to the second L-moment.
double l_skewness(double shape) {
  return 2 * scaled_power(3, shape) / scaled_power(2, shape) - 3;
}

/// The shape of a skewness in (-1, 1), which falls as the shape grows: by bisection, in bounds that hold what
/// samples of weather have.
double shape_of(double skewness) {
  double low = -0.99, high = 5;
  if (!(skewness <= l_skewness(low) && skewness >= l_skewness(high)))
    return std::numeric_limits<double>::quiet_NaN();
  for (int step = 0; step < 60; ++step) {
    const double middle = std::midpoint(low, high);
    (l_skewness(middle) > skewness ? low : high) = middle;
  }
  return std::midpoint(low, high);
}

}  // namespace

double ExtremeValueDistribution::level(double probability) const {
  const double reduced = -std::log1p(-probability);
  if (std::abs(shape) < kNearlyGumbel) return location - scale * std::log(reduced);
  return location - scale * std::expm1(shape * std::log(reduced)) / shape;
}

ExtremeValueDistribution fit_extreme_values(std::span<const double> ascending,
                                            std::span<const double> weights) {
  // Probability-weighted moments b_r = 1/n sum (i over r)/(n - 1 over r) x_i, i = 0 .. n - 1 in ascending
  // order; a value that counts several times takes as many places.
  double count = 0;
  for (const double weight : weights) count += weight;
  double b0 = 0, b1 = 0, b2 = 0, place = 0;
  for (std::size_t i = 0; i < ascending.size(); ++i)
    for (double times = 0; times < weights[i]; ++times, ++place) {
      b0 += ascending[i];
      b1 += ascending[i] * place / (count - 1);
      b2 += ascending[i] * place * (place - 1) / ((count - 1) * (count - 2));
    }
  const double mean = b0 / count, second = (2 * b1 - b0) / count, third = (6 * b2 - 6 * b1 + b0) / count;
  const double undefined = std::numeric_limits<double>::quiet_NaN();
  if (!(second > 0)) return {undefined, undefined, undefined};
  const double shape = shape_of(third / second);
  if (std::abs(shape) < kNearlyGumbel) {
    const double scale = second / std::numbers::ln2;
    return {mean - std::numbers::egamma * scale, scale, 0};
  }
  const double gamma = std::tgamma(1 + shape);
  const double scale = second / (scaled_power(2, shape) * gamma);
  return {mean - scale * (1 - gamma) / shape, scale, shape};
}

}  // namespace foehn::evaluation

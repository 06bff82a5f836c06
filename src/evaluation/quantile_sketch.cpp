#include "evaluation/quantile_sketch.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace foehn::evaluation {
namespace {

constexpr int kSteps = 2048;                  // within a power of two
constexpr int kSmallest = -20, kPowers = 42;  // 2^-20 to 2^22
constexpr std::int64_t kHalf = std::int64_t{kPowers} * kSteps;

/// The place of a positive magnitude among the steps of its sign, from 0; -1 below the smallest.
std::int64_t place_of(double magnitude) {
  int power = 0;
  const double mantissa = std::frexp(magnitude, &power);  // [0.5, 1) times 2^power
  if (magnitude == 0 || power <= kSmallest) return -1;
  const auto step = static_cast<std::int64_t>((2 * mantissa - 1) * kSteps);
  return std::min<std::int64_t>((power - 1 - kSmallest) * std::int64_t{kSteps} + step, kHalf - 1);
}

/// The lower end of a step.
double magnitude_at(std::int64_t place) {
  if (place < 0) return 0;
  const double mantissa = 1 + static_cast<double>(place % kSteps) / kSteps;
  return std::ldexp(mantissa, kSmallest + static_cast<int>(place / kSteps));
}

}  // namespace

// Places: the negative half from far to near, one for what is next to the centre, the positive half.
QuantileSketch::QuantileSketch(double centre)
    : centre_(centre), counts_(static_cast<std::size_t>(2 * kHalf + 1), 0) {}

void QuantileSketch::add(double value) {
  const double difference = value - centre_;
  const std::int64_t place = place_of(std::abs(difference)) + 1;
  ++counts_[static_cast<std::size_t>(kHalf + (difference < 0 ? -place : place))];
  ++count_;
}

double QuantileSketch::quantile(double level) const {
  if (count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  const double wanted = level * static_cast<double>(count_);
  double below = 0;
  std::size_t index = 0;
  while (index + 1 < counts_.size() && below + static_cast<double>(counts_[index]) < wanted)
    below += static_cast<double>(counts_[index++]);
  while (counts_[index] == 0 && index > 0) --index;
  const std::int64_t place = static_cast<std::int64_t>(index) - kHalf;
  if (place == 0) return centre_;
  const double inside = std::clamp((wanted - below) / static_cast<double>(counts_[index]), 0.0, 1.0);
  const std::int64_t step = std::abs(place) - 1;
  const double near = magnitude_at(step), far = magnitude_at(step + 1);
  return place > 0 ? centre_ + std::lerp(near, far, inside) : centre_ - std::lerp(far, near, inside);
}

}  // namespace foehn::evaluation

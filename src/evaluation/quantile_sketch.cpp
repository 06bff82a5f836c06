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

/// The values that a place of counts spans, counted from the centre.
struct Step {
  explicit Step(std::size_t index) {
    const std::int64_t place = static_cast<std::int64_t>(index) - kHalf;
    const std::int64_t step = std::abs(place) - 1;
    const double near = magnitude_at(step), far = magnitude_at(step + 1);
    low = place > 0 ? near : -far;
    high = place < 0 ? -near : far;  // of the place next to the centre: both ends of it
  }
  double width() const { return high - low; }

  double low = 0, high = 0;
};

}  // namespace

// Places: the negative half from far to near, one for what is next to the centre, the positive half.
QuantileSketch::QuantileSketch(double centre)
    : centre_(centre), counts_(static_cast<std::size_t>(2 * kHalf + 1), 0) {}

void QuantileSketch::add(double value) {
  ++counts_[index_of(value)];
  ++count_;
}

std::size_t QuantileSketch::index_of(double value) const {
  const double difference = value - centre_;
  const std::int64_t place = place_of(std::abs(difference)) + 1;
  return static_cast<std::size_t>(kHalf + (difference < 0 ? -place : place));
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

double QuantileSketch::below(double value) const {
  const std::size_t index = index_of(value);
  std::int64_t whole = 0;
  for (std::size_t i = 0; i < index; ++i) whole += counts_[i];
  const Step step(index);
  const double inside = std::clamp((value - centre_ - step.low) / step.width(), 0.0, 1.0);
  return static_cast<double>(whole) + inside * static_cast<double>(counts_[index]);
}

double QuantileSketch::wasserstein_1(const QuantileSketch& other) const {
  if (count_ == 0 || other.count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  std::int64_t mine = 0, others = 0;
  const auto difference = [&] {
    return static_cast<double>(mine) / static_cast<double>(count_) -
           static_cast<double>(others) / static_cast<double>(other.count_);
  };
  double sum = 0, before = 0;
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    mine += counts_[index];
    others += other.counts_[index];
    const double after = difference();
    if (before == 0 && after == 0) continue;
    const double a = std::abs(before), b = std::abs(after);
    const bool changes_sign = before * after < 0;
    sum += Step(index).width() * (changes_sign ? (a * a + b * b) / (a + b) : a + b) / 2;
    before = after;
  }
  return sum;
}

void QuantileSketch::append_to(std::vector<double>& numbers) const {
  const std::size_t first = numbers.size();
  numbers.push_back(0);
  for (std::size_t index = 0; index < counts_.size(); ++index) {
    if (counts_[index] == 0) continue;
    numbers.push_back(static_cast<double>(index));
    numbers.push_back(static_cast<double>(counts_[index]));
    ++numbers[first];
  }
}

std::span<const double> QuantileSketch::add_packed(std::span<const double> numbers) {
  const auto steps = static_cast<std::size_t>(numbers.front());
  for (std::size_t step = 0; step < steps; ++step) {
    const auto count = static_cast<std::int64_t>(numbers[2 + 2 * step]);
    counts_[static_cast<std::size_t>(numbers[1 + 2 * step])] += count;
    count_ += count;
  }
  return numbers.subspan(1 + 2 * steps);
}

}  // namespace foehn::evaluation

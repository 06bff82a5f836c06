#include "evaluation/quantile_sketch.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace foehn::evaluation {
namespace {

constexpr int kSmallest = -64, kPowers = 104;  // 2^-64 to 2^40
/// Pages before this are of negative differences, from far to near; those behind it of positive ones, from
/// near to far. It has one step: what is next to the centre.
constexpr std::size_t kCentrePage = kPowers;

}  // namespace

QuantileSketch::QuantileSketch(double centre, int steps)
    : centre_(centre), steps_(static_cast<std::size_t>(steps)), pages_(2 * kCentrePage + 1) {}

QuantileSketch::Place QuantileSketch::place_of(double value) const {
  const double difference = value - centre_;
  // A double's bits: its sign, its power of two (plus 1023), and 52 bits that count steps within it.
  const auto bits = std::bit_cast<std::uint64_t>(std::abs(difference));
  int power = static_cast<int>(bits >> 52) - 1023 - kSmallest;
  if (power < 0) return {kCentrePage, 0};
  auto step = static_cast<std::size_t>(((bits & ((std::uint64_t{1} << 52) - 1)) * steps_) >> 52);
  if (power >= kPowers) {  // all that is farther away
    power = kPowers - 1;
    step = steps_ - 1;
  }
  const auto distance = static_cast<std::size_t>(power + 1);
  return difference > 0 ? Place{kCentrePage + distance, step}
                        : Place{kCentrePage - distance, steps_ - 1 - step};
}

double QuantileSketch::begin_of(std::size_t page, std::size_t step) const {
  if (page == kCentrePage) return std::ldexp(step == 0 ? -1.0 : 1.0, kSmallest);
  const bool is_positive = page > kCentrePage;
  const auto power = static_cast<int>(is_positive ? page - kCentrePage : kCentrePage - page) - 1;
  const auto steps = static_cast<double>(is_positive ? step : steps_ - step);
  const double magnitude = std::ldexp(1 + steps / static_cast<double>(steps_), kSmallest + power);
  return is_positive ? magnitude : -magnitude;
}

std::size_t QuantileSketch::steps_of(std::size_t page) const {
  return page == kCentrePage ? 1 : steps_;
}

std::int64_t& QuantileSketch::count_at(const Place& place) {
  auto& page = pages_[place.page];
  if (page.empty()) page.resize(steps_of(place.page), 0);
  return page[place.step];
}

std::int64_t QuantileSketch::count_at(std::size_t page, std::size_t step) const {
  return pages_[page].empty() ? 0 : pages_[page][step];
}

void QuantileSketch::add(double value) {
  ++count_at(place_of(value));
  ++count_;
}

void QuantileSketch::add(const QuantileSketch& other, std::int64_t times) {
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    const auto& from = other.pages_[page];
    if (from.empty()) continue;
    auto& to = pages_[page];
    if (to.empty()) to.resize(from.size(), 0);
    for (std::size_t step = 0; step < from.size(); ++step) to[step] += times * from[step];
  }
  count_ += times * other.count_;
}

QuantileSketch QuantileSketch::coarser(int steps) const {
  QuantileSketch result(centre_, steps);
  const std::size_t together = steps_ / static_cast<std::size_t>(steps);
  for (std::size_t page = 0; page < pages_.size(); ++page)
    for (std::size_t step = 0; step < pages_[page].size(); ++step)
      if (pages_[page][step] != 0)
        result.count_at(Place{page, page == kCentrePage ? 0 : step / together}) += pages_[page][step];
  result.count_ = count_;
  return result;
}

double QuantileSketch::quantile(double level) const {
  return quantiles(std::array{level}).front();
}

double QuantileSketch::value_within(const Place& place, double inside) const {
  if (place.page == kCentrePage) return centre_;
  return centre_ + std::lerp(begin_of(place.page, place.step), begin_of(place.page, place.step + 1),
                             std::clamp(inside, 0.0, 1.0));
}

std::vector<double> QuantileSketch::quantiles(std::span<const double> levels) const {
  std::vector<double> found;
  double before = 0;
  Place last;
  for (std::size_t page = 0; page < pages_.size(); ++page)
    for (std::size_t step = 0; step < pages_[page].size(); ++step) {
      const auto here = static_cast<double>(pages_[page][step]);
      if (here == 0) continue;
      last = {page, step};
      while (found.size() < levels.size()) {
        const double wanted = levels[found.size()] * static_cast<double>(count_);
        if (before + here < wanted) break;
        found.push_back(value_within(last, (wanted - before) / here));
      }
      if (found.size() == levels.size()) return found;
      before += here;
    }
  // Nothing without values; else rounding put what is wanted beyond the last.
  found.resize(levels.size(), count_ == 0 ? std::numeric_limits<double>::quiet_NaN() : value_within(last, 1));
  return found;
}

double QuantileSketch::below(double value) const {
  const Place place = place_of(value);
  std::int64_t whole = 0;
  for (std::size_t page = 0; page < place.page; ++page)
    whole = std::accumulate(pages_[page].begin(), pages_[page].end(), whole);
  for (std::size_t step = 0; step < place.step; ++step) whole += count_at(place.page, step);
  const double begin = begin_of(place.page, place.step), end = begin_of(place.page, place.step + 1);
  const double inside = std::clamp((value - centre_ - begin) / (end - begin), 0.0, 1.0);
  return static_cast<double>(whole) + inside * static_cast<double>(count_at(place.page, place.step));
}

double QuantileSketch::wasserstein_1(const QuantileSketch& other) const {
  if (count_ == 0 || other.count_ == 0) return std::numeric_limits<double>::quiet_NaN();
  std::int64_t mine = 0, others = 0;
  double sum = 0, before = 0;
  const auto go_on = [&](double width) {
    const double after = static_cast<double>(mine) / static_cast<double>(count_) -
                         static_cast<double>(others) / static_cast<double>(other.count_);
    const double a = std::abs(before), b = std::abs(after);
    if (a + b > 0) sum += width * (before * after < 0 ? (a * a + b * b) / (a + b) : a + b) / 2;
    before = after;
  };
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    const std::size_t steps = steps_of(page);
    if (pages_[page].empty() && other.pages_[page].empty()) {
      go_on(begin_of(page, steps) - begin_of(page, 0));
      continue;
    }
    for (std::size_t step = 0; step < steps; ++step) {
      mine += count_at(page, step);
      others += other.count_at(page, step);
      go_on(begin_of(page, step + 1) - begin_of(page, step));
    }
  }
  return sum;
}

void QuantileSketch::append_to(std::vector<double>& numbers) const {
  const std::size_t first = numbers.size();
  numbers.push_back(0);
  for (std::size_t page = 0; page < pages_.size(); ++page)
    for (std::size_t step = 0; step < pages_[page].size(); ++step) {
      if (pages_[page][step] == 0) continue;
      numbers.push_back(static_cast<double>(page * steps_ + step));
      numbers.push_back(static_cast<double>(pages_[page][step]));
      ++numbers[first];
    }
}

std::span<const double> QuantileSketch::add_packed(std::span<const double> numbers) {
  const auto filled = static_cast<std::size_t>(numbers.front());
  for (std::size_t i = 0; i < filled; ++i) {
    const auto place = static_cast<std::size_t>(numbers[1 + 2 * i]);
    const auto count = static_cast<std::int64_t>(numbers[2 + 2 * i]);
    count_at(Place{place / steps_, place % steps_}) += count;
    count_ += count;
  }
  return numbers.subspan(1 + 2 * filled);
}

}  // namespace foehn::evaluation

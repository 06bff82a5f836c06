#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// Quantiles of any number of values in bounded memory (8 byte for each step of the powers of two that have
/// values, 0.5 MB as a rule): counts by sign, power of two and steps within it of the difference from a
/// centre. A quantile errs by less than the 2048th part of its distance from the centre, however small the
/// values are; those nearer than 2^-64 count as the centre. The same whatever the order of the values.
class QuantileSketch {
 public:
  static constexpr int kSteps = 2048;

  /// @param centre  near the middle of the values
  /// @param steps   within a power of two, a power of two itself and at most kSteps
  explicit QuantileSketch(double centre, int steps = kSteps);

  void add(double value);
  /// Adds the values of a sketch with the same centre and steps, so many times.
  void add(const QuantileSketch& other, std::int64_t times);
  std::int64_t count() const { return count_; }
  /// Without values, with the same centre and steps.
  QuantileSketch empty_copy() const { return QuantileSketch(centre_, static_cast<int>(steps_)); }
  /// The same values in fewer steps. @param steps  a power of two, at most this sketch's
  QuantileSketch coarser(int steps) const;

  /// The value below which a fraction `level` of the values lies; NaN without values.
  double quantile(double level) const;
  /// Those of several levels, in one pass. @param levels  in ascending order
  std::vector<double> quantiles(std::span<const double> levels) const;
  /// How many values lie below one, linear within steps.
  double below(double value) const;
  /// Wasserstein-1 distance from another sketch with the same centre and steps: the integral of the absolute
  /// difference of the two distribution functions, each linear within steps. In the values' unit; NaN if one
  /// is empty.
  double wasserstein_1(const QuantileSketch& other) const;

  /// Puts the number of steps that have values, and each one's place and count, behind `numbers`.
  void append_to(std::vector<double>& numbers) const;
  /// Adds what append_to wrote of a sketch with the same centre and steps. @return  the numbers behind it
  std::span<const double> add_packed(std::span<const double> numbers);

 private:
  /// Where a step is: pages are in order of value, of one power of two each, and steps within them too.
  struct Place {
    std::size_t page = 0, step = 0;
  };
  Place place_of(double value) const;
  /// The value at which a step begins, counted from the centre; that of one past the last is the page's end.
  double begin_of(std::size_t page, std::size_t step) const;
  /// The value so far inside a step, from 0 to 1.
  double value_within(const Place& place, double inside) const;
  std::size_t steps_of(std::size_t page) const;
  std::int64_t& count_at(const Place& place);
  std::int64_t count_at(std::size_t page, std::size_t step) const;

  double centre_;
  std::size_t steps_;
  std::int64_t count_ = 0;
  std::vector<std::vector<std::int64_t>> pages_;  ///< empty ones have no values
};

}  // namespace foehn::evaluation

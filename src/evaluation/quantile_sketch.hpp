#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// Quantiles of any number of values in fixed memory (1.3 MB): counts by sign, power of two and 2048 steps
/// within it of the difference from a centre. A quantile errs by less than 0.05 % of its distance from the
/// centre, or by 1e-6. The same whatever the order of the values.
class QuantileSketch {
 public:
  /// @param centre  near the middle of the values
  explicit QuantileSketch(double centre);

  void add(double value);
  std::int64_t count() const { return count_; }
  /// The value below which a fraction `level` of the values lies; NaN without values.
  double quantile(double level) const;
  /// How many values lie below one, linear within steps.
  double below(double value) const;
  /// Wasserstein-1 distance from another sketch with the same centre: the integral of the absolute difference
  /// of the two distribution functions, each linear within steps. In the values' unit; NaN if one is empty.
  double wasserstein_1(const QuantileSketch& other) const;

  /// Puts the number of steps that have values, and each one's place and count, behind `numbers`.
  void append_to(std::vector<double>& numbers) const;
  /// Adds what append_to wrote of a sketch with the same centre. @return  the numbers behind it
  std::span<const double> add_packed(std::span<const double> numbers);

 private:
  std::size_t index_of(double value) const;

  double centre_;
  std::int64_t count_ = 0;
  std::vector<std::int64_t> counts_;  ///< in order of value
};

}  // namespace foehn::evaluation

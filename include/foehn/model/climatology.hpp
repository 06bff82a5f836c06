#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "foehn/calendar/date_time.hpp"

namespace foehn::model {

/// One function of time that a climatology is made of.
struct Harmonic {
  enum class Cycle { constant = 0, day = 1, year = 2 };
  Cycle cycle = Cycle::constant;
  int order = 0;         ///< oscillations a cycle
  bool is_sine = false;  ///< sine, or cosine

  double value(std::int64_t seconds, calendar::Calendar calendar) const;
};

/// The functions that a record of this step and length can tell apart: the mean, up to two harmonics of the
/// day, and two of the year where the record spans most of one.
std::vector<Harmonic> harmonics_for(std::int64_t step_seconds, std::int64_t record_seconds);

/// Do any of them repeat every day?
bool has_daily_cycle(const std::vector<Harmonic>& harmonics);

/// The expected field at any instant: mean field, diurnal cycle and season, cell by cell.
class Climatology {
 public:
  /// @param coefficients  [harmonic, variable, y, x], physical units, float64
  Climatology(std::vector<Harmonic> harmonics, at::Tensor coefficients);

  const std::vector<Harmonic>& harmonics() const { return harmonics_; }
  const at::Tensor& coefficients() const { return coefficients_; }
  /// @param seconds  since 1970-01-01 of the calendar
  /// @return         [variable, y, x], physical units, float64
  at::Tensor at(std::int64_t seconds, calendar::Calendar calendar) const;
  /// The part of `at` that repeats every day and has a mean of 0 over it.
  at::Tensor daily_cycle(std::int64_t seconds, calendar::Calendar calendar) const;
  /// The climatology of block means.
  Climatology block_mean(std::int64_t block) const;

 private:
  std::vector<Harmonic> harmonics_;
  at::Tensor coefficients_;
};

/// Least-squares estimate of a climatology, hour by hour in bounded memory.
class ClimatologyEstimator {
 public:
  /// @param shape  {variables, ny, nx}
  ClimatologyEstimator(std::vector<Harmonic> harmonics, const std::vector<std::int64_t>& shape);
  /// @param fields  [variable, y, x], physical units
  void add(const at::Tensor& fields, std::int64_t seconds, calendar::Calendar calendar);
  Climatology estimate() const;
  /// From what all parts of a record were given, except one.
  /// @param left_out  parts.size(): none
  static Climatology estimate_without(const std::vector<ClimatologyEstimator>& parts, std::size_t left_out);

 private:
  std::vector<Harmonic> harmonics_;
  at::Tensor normal_matrix_;    // [harmonic, harmonic]
  at::Tensor right_hand_side_;  // [harmonic, variable, y, x]
};

}  // namespace foehn::model

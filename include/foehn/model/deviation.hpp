#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "foehn/calendar/date_time.hpp"
#include "foehn/model/climatology.hpp"

namespace foehn::model {

/// How much a variable's anomalies vary at a cell and an instant, relative to the variable's scale: land more
/// than sea, summer afternoons more than winter nights.
class Deviation {
 public:
  /// @param variance    of the anomalies, relative to the square of the scale: its constant part is positive
  /// @param least_part  of the constant part, below which the variance never is; positive
  Deviation(Climatology variance, double least_part);

  const Climatology& variance() const { return variance_; }
  double least_part() const { return least_part_; }
  /// Is it the same at all instants?
  bool is_constant() const { return constant_.defined(); }
  /// @param seconds  since 1970-01-01 of the calendar
  /// @return         [variable, y, x], unit 1, float64; not to be changed
  at::Tensor at(std::int64_t seconds, calendar::Calendar calendar) const;
  /// What it is never below, [variable, y, x].
  at::Tensor least() const;

 private:
  Climatology variance_;
  double least_part_;
  at::Tensor constant_;  // undefined where it changes
};

}  // namespace foehn::model

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/calendar/date_time.hpp"

namespace foehn::model {

/// When the hours of a trajectory, or of a record, are.
struct Clock {
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds = 0;  ///< since 1970-01-01 of the calendar
  std::int64_t step_seconds = 3600;
};

/// What a network may know of a date: sine and cosine of the year's and of the day's angle.
inline constexpr std::int64_t kDateLabels = 4;

/// The labels of windows, by their middle hours.
/// @param first_hours   of each window
/// @param window_hours  odd
/// @return              [window, kDateLabels], float64
at::Tensor date_labels(const Clock& clock, const std::vector<std::int64_t>& first_hours,
                       std::int64_t window_hours);

}  // namespace foehn::model

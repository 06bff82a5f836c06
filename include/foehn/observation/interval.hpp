#pragma once

#include <cstdint>

namespace foehn::observation {

/// Consecutive hours [first, last): those that an observation is a mean over; a snapshot has one.
struct Interval {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t hours() const { return last - first; }
  bool operator==(const Interval&) const = default;
};

}  // namespace foehn::observation

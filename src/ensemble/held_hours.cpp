#include "foehn/ensemble/held_hours.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::ensemble {

at::Tensor HeldHours::at(std::int64_t hour) const {
  if (mine.contains(hour)) return slab[hour - mine.first];
  const auto place = std::lower_bound(others.begin(), others.end(), hour);
  if (place == others.end() || *place != hour) throw core::Error(fmt::format("hour {} is not held", hour));
  return of_others[place - others.begin()];
}

}  // namespace foehn::ensemble

#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "foehn/observation/interval.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::conditioning {

/// The observations that a slab holds, [first, last): those whose first hour is one of the slab's.
/// @param intervals  rising
std::pair<std::int64_t, std::int64_t> observations_in(const trajectory::Slab& slab,
                                                      const std::vector<observation::Interval>& intervals);

}  // namespace foehn::conditioning

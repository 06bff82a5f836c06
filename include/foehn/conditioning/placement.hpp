#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/point_set.hpp"
#include "foehn/conditioning/series.hpp"
#include "foehn/io/variable.hpp"
#include "foehn/observation/interval.hpp"

namespace foehn::conditioning {

/// Where the observations of a series lie in a trajectory: hours and blocks. The same on every rank.
struct Placement {
  std::vector<std::int64_t> variables;           ///< indices of the trajectory's, rising
  std::int64_t block = 1;                        ///< cells per side of a block
  std::int64_t period = 1;                       ///< hours from one to the next; 1 if there is only one
  std::vector<observation::Interval> intervals;  ///< hours of each observation, rising
  bool operator==(const Placement&) const = default;
};

/// @throws core::Error naming the file and the first observation that is not in the trajectory
Placement place(const Series& series, const Period& period);

/// "9 observations every 6 steps in blocks of 8 x 8", "8 means over 6 steps of tas every 6 steps in ..."
/// @param variables  the trajectory's
std::string describe(const Placement& placement, const std::vector<io::Variable>& variables);

/// Hours at which slabs may be cut: where a period of one of the placements, or a mean or sum at points,
/// begins and none is open; every hour, where there are only points. So the observation operator stays local:
/// it is applied at every step of a sampler's solver, and to exchange rows each time would cost more than
/// slabs of slightly different length do. Where intervals overlap all along, nothing can be cut.
std::vector<std::int64_t> slab_borders(const std::vector<Placement>& placements, std::int64_t hours,
                                       const std::vector<PointPlacement>& points = {});

}  // namespace foehn::conditioning

#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "foehn/conditioning/period.hpp"
#include "foehn/io/point_data.hpp"
#include "foehn/io/variable.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/observation/interval.hpp"

namespace foehn::conditioning {

/// Where observations of one variable at points, or of cells of a coarse grid of any kind, lie in a
/// trajectory. The same on every rank.
struct PointPlacement {
  std::string name;           ///< of the file
  std::int64_t variable = 0;  ///< index of the trajectory's
  io::PointSampling sampling = io::PointSampling::snapshot;
  /// Hours of each observation, all as many, rising; means and sums may overlap, but no two begin at the same
  /// hour. An observation holds the values of one interval at all points.
  std::vector<observation::Interval> intervals;
  std::int64_t points = 0;             ///< that are different
  std::int64_t count = 0;              ///< of values
  bool are_cells = false;              ///< of a coarse grid, not points
  double least_std = 0, most_std = 0;  ///< of the errors, in the variable's unit
  /// Of each place's unknown bias, which adds to these, in that unit; 0: there is none.
  double bias_std = 0;
  double correlation_hours = 0;  ///< in which errors of a place forget each other; 0: at once
  bool has_correlated_errors() const { return bias_std > 0 || correlation_hours > 0; }
  bool operator==(const PointPlacement&) const = default;
};

/// "tas at 20 stations (stations.csv): 480 snapshots at 24 steps, std 0.5 K", or alike.
/// @param variables  the trajectory's
std::string describe(const PointPlacement& placement, const std::vector<io::Variable>& variables);

/// Observations of one variable at points, as an observation::SparseOperator sees them; of the root alone.
struct PointSet {
  PointPlacement placement;
  at::Tensor cells;     ///< int64, [link, observation or 1, point]
  at::Tensor weights;   ///< float32, [hour or 1, link, observation or 1, 1, point]
  at::Tensor values;    ///< float32, [observation, 1, 1, point], normalised; NaN where missing
  at::Tensor variance;  ///< of the errors but for the bias, of the same shape and unit
  // Only where errors are correlated, for observation::CorrelatedErrors.
  std::vector<std::int64_t> stations;  ///< whose value it is, [observation, point]; -1 where missing
  double bias_variance = 0;            ///< normalised
  double correlation_steps = 0;        ///< the placement's hours, in steps of the trajectory
};

/// SHA-256 of all that conditions members in some sets: where and when values are, what they are and how
/// wrong they may be; whatever files they come from.
std::string digest_of(const std::vector<PointSet>& sets);

/// What a value at a point is made of: a weighted mean over some cells.
struct Footprint {
  std::vector<std::int64_t> cells;  ///< y * nx + x
  std::vector<double> weights;      ///< their sum is 1
};

/// A value that lies in a trajectory.
struct PlacedValue {
  observation::Interval hours;
  std::size_t place = 0;  ///< whose footprint it has
  double value = 0;       ///< in the variable's unit
  double std = 0;         ///< of its error
};

/// Makes sets of values, one for each length of interval. Where most places have a value at most times, the
/// points of all observations are the same; else each observation has its own.
/// @param placement   what is known of all of them: name, variable, sampling, how errors are correlated
/// @param values      no two of the same place and hours
/// @param footprints  of each place
std::vector<PointSet> make_point_sets(const PointPlacement& placement, std::vector<PlacedValue> values,
                                      const std::vector<Footprint>& footprints, const Period& period,
                                      const model::Domain& domain);

}  // namespace foehn::conditioning

#pragma once

#include <cstdint>
#include <vector>

#include "foehn/bias/statistics.hpp"

namespace foehn::bias {

/// The piecewise linear distribution function of every slot: 0 at the first edge, at each further edge the
/// share of values in the bins below it.
class CumulativeHistogram {
 public:
  explicit CumulativeHistogram(const Distribution& distribution);

  /// Share of values below `value`, 0 to 1; 0 and 1 beyond the bins.
  double probability(std::int64_t slot, double value) const;
  /// Inverse of `probability` for 0 <= probability <= 1. Where no value lies between several edges, the
  /// highest of them (as np.interp finds it), but for probability 1 the lowest: the end of the last bin that
  /// is not empty.
  double quantile(std::int64_t slot, double probability) const;
  const Bins& bins() const { return bins_; }

 private:
  Bins bins_;
  std::vector<double> cumulative_;  // [slot, edge]
};

}  // namespace foehn::bias

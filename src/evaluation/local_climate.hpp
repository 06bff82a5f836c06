#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// Mean, deviation and tails of the reference in every cell, [variable, y, x], out of every third hour (or
/// every instant, where they are rarer) of up to 40 days spread evenly: what fields are standardised by, and
/// what counts as a tail. The days are those that are not scored, in months that are, if the reference has
/// twenty of them.
struct LocalClimate {
  static constexpr double kTail = 0.95;

  std::vector<double> mean;
  std::vector<double> deviation;  ///< 0 where the variable does not vary
  std::vector<double> low, high;  ///< quantiles 1 - kTail and kTail; NaN where all values are missing
  bool is_not_scored = false;     ///< the days are others than those that are scored
};

/// The same on every rank, each of which reads by itself; absent without a reference.
/// @throws Error if values cannot be read
std::optional<LocalClimate> local_climate(const Sources& sources);

}  // namespace foehn::evaluation

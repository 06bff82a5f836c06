#pragma once

#include <cmath>
#include <limits>

namespace foehn::evaluation {

/// Linear from a (weight 0) to b (weight 1). NaN, which is missing, if one of them is and is needed:
/// std::lerp does not promise that.
inline double between(double a, double b, double weight) {
  if (weight == 0) return a;
  return std::isnan(a) || std::isnan(b) ? std::numeric_limits<double>::quiet_NaN() : std::lerp(a, b, weight);
}

}  // namespace foehn::evaluation

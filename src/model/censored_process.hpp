#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "foehn/core/philox.hpp"

namespace foehn::model {

/// So many values at most are drawn together; parts of a record are drawn apart.
inline constexpr std::int64_t kMostValues = std::int64_t{1} << 23;

/// Mean and standard deviation, [y, x], of a variable that is normal where it is not known to be below a
/// limit.
struct CensoredNormal {
  at::Tensor mean, deviation;
};

/// Finds these from the share of values below the limit and the mean of the others: with a = Phi^-1(share),
/// limit = mean + a deviation, and the mean of the others is mean + phi(a)/(1 - share) deviation. Cells with
/// few values of either sort lean on all cells together.
class CensoredMargins {
 public:
  /// @param shape  {ny, nx}
  explicit CensoredMargins(const std::vector<std::int64_t>& shape);
  /// @param values  [hour, y, x]; those of dry hours are not used
  /// @param is_dry  bool, likewise
  void add(const at::Tensor& values, const at::Tensor& is_dry);
  bool any_dry() const;
  bool any_wet() const;
  CensoredNormal estimate(double limit) const;

 private:
  double hours_ = 0;
  at::Tensor wet_, sum_;  // number of wet hours, and the sum of their values, [y, x]
};

/// How alike a variable of that sort is from hour to hour, row to row and column to column, as its dry and
/// wet neighbours say. @param is_dry  bool, [hour, y, x]
std::array<double, 3> correlation_of(const at::Tensor& is_dry);

/// Draws the values below the limit from a Gaussian process, given all others, by Gibbs sampling: of single
/// places, and of smooth functions of four sizes (generalised Gibbs sampling, Liu and Sabatti 2000; multigrid
/// Monte Carlo, Goodman and Sokal 1989), without which the depth of long dry spells would take millions of
/// rounds to settle.
/// @param values  [hour, y, x], float64; those of dry hours are replaced
/// @param is_dry  bool, of that shape
/// @param key     of the random numbers: what is drawn of, and from which hour on
/// @return        of that shape, float64
at::Tensor draw_censored(const at::Tensor& values, const at::Tensor& is_dry, const CensoredNormal& margins,
                         double limit, const std::array<std::uint64_t, 2>& key);

}  // namespace foehn::model

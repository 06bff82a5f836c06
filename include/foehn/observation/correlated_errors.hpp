#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace foehn::observation {

/// Brings what the ranks that share a trajectory hold together, in the order of hours; the same on all of
/// them. Collective over these ranks.
using Gather = std::function<std::vector<double>(std::span<const double> mine)>;

/// R of observations whose errors are not independent: those of a station depend on each other in time, and
/// share an unknown bias.
///
/// With e_i the error of the station's value at time t_i, s_i its standard deviation, b that of the bias and
/// T the time of correlation: Cov(e_i, e_j) = s_i s_j exp(-|t_i - t_j|/T) + b^2. The first part is that of a
/// process of first order (AR(1)) seen at irregular times; the second is what integrating over a constant
/// with the prior N(0, b^2) leaves. Errors of different stations are independent.
/// Source: Rasmussen and Williams 2006, appendix B.2.1 (the process is Markov, its precision tridiagonal),
/// and the Sherman-Morrison formula.
///
/// Both take as many operations as there are values. A chain may reach over all ranks, so these bring the
/// vector together and each works on the whole of it: the bits do not depend on the number of ranks. Each
/// rank holds what belongs to the values of all hours, about 32 bytes of each.
class CorrelatedErrors {
 public:
  /// Of all observations of a set, those of other ranks too.
  struct Layout {
    std::vector<std::int64_t> hours;     ///< of each observation; rising
    std::vector<std::int64_t> stations;  ///< whose value it is, [observation, point]; negative: none
    std::vector<double> variance;        ///< s^2, likewise
    double bias_variance = 0;            ///< b^2
    double correlation_hours = 0;        ///< T; 0: independent in time but for the bias
    std::int64_t first = 0, count = 0;   ///< the observations of this rank
  };
  /// @throws core::Error if there are no rising hours, or sizes do not fit
  CorrelatedErrors(Layout layout, Gather gather);

  double bias_variance() const { return bias_variance_; }
  /// R v. @param v  this rank's observations, of any shape with [observation, ..., point]; any device
  /// @return  float64, of that shape and device; zero where there is no value
  /// @note Collective over the ranks that share a trajectory, as the next.
  at::Tensor product(const at::Tensor& v) const;
  /// (R + D)^-1 v, D being diagonal and not negative. @param added  D; of v's shape, or expands to it
  at::Tensor solve(const at::Tensor& added, const at::Tensor& v) const;

 private:
  /// One value of a station.
  struct Link {
    std::size_t place = 0;   // in [observation, point]
    double correlation = 0;  // with the station's value before; 0 for the first
    double std = 0;
  };
  using Chain = std::vector<Link>;  // of one station, in the order of time

  std::vector<double> whole(const at::Tensor& mine) const;
  at::Tensor own(const std::vector<double>& values, const at::Tensor& like) const;

  std::vector<Chain> chains_;
  double bias_variance_;
  bool is_correlated_;
  std::size_t size_, first_, count_;  // of values: all, and this rank's
  Gather gather_;
};

}  // namespace foehn::observation

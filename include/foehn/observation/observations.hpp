#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/observation/block_mean.hpp"

namespace foehn::observation {

/// Consecutive hours [first, last): those that an observation is a mean over; a snapshot has one.
struct Interval {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t hours() const { return last - first; }
  bool operator==(const Interval&) const = default;
};

/// Coarse data of some variables of a slab at the same times, with independent Gaussian errors: y ~ N(A x,
/// R).
///
/// A is the mean over blocks of cells and over the hours of an interval, of the values times a deviation
/// where these are normalised by one that differs from cell to cell: A u = mean(s u). The hours of a mean
/// from one time to another are those t with begin <= t < end: neighbouring intervals share none, and slabs
/// can be cut between them. Fields are instants, so that their mean over an interval stands for one that is
/// centred half a step earlier.
///
/// A is local in time, and works observation by observation on one fixed shape, hours summed in order, so
/// that the bits of an observation do not depend on how many there are. Intervals do not overlap, so that
/// A A^T is diagonal.
///
/// The rows of A that belong to missing values are zero, and so are these values: A x and y - A x are zero
/// there and A^T gives nothing, so that they have no part in a likelihood, its gradient, or the solution of a
/// system in A A^T + R, exactly as if they were not there.
struct ObservationSet {
  std::vector<std::int64_t> variables;  ///< observed ones, as rising indices of the slab's
  BlockMean block_mean;
  std::vector<Interval> intervals;  ///< of each observation, as rows of the slab, rising
  at::Tensor values;                ///< y, [observation, variable, Y, X], normalised
  at::Tensor variance;              ///< diagonal of R, [variable, 1, 1], normalised
  at::Tensor is_missing = {};       ///< bool, of the values' shape; undefined where none is missing
  /// s, [hour, variable, y, x], the hours of all intervals one after another, or [1, variable, y, x] if it is
  /// the same at all hours; undefined where it is 1.
  at::Tensor deviation = {};

  std::int64_t size() const { return static_cast<std::int64_t>(intervals.size()); }
  /// One observation of a slab [hour, variable, y, x]: its part of A x, [variable, Y, X].
  at::Tensor apply(const at::Tensor& slab, std::int64_t observation) const;
  /// Adds A^T of one observation's cotangent [variable, Y, X] to a slab [hour, variable, y, x].
  void add_adjoint(const at::Tensor& cotangent, std::int64_t observation, at::Tensor& slab) const;
  /// The diagonal of A A^T of what is not missing of one observation: the mean of s^2 over the cells and
  /// hours that it is a mean over, divided by their number.
  /// @return  [variable, Y, X]; without dimensions where s is 1
  at::Tensor self_product(std::int64_t observation) const;

 private:
  /// s of an hour of an observation's interval, [variable, y, x].
  at::Tensor deviation_at(std::int64_t observation, std::int64_t hour) const;
};

/// All of a slab's observations. No variable is in two sets; ranks that share a trajectory have the same
/// sets, with other intervals.
using Observations = std::vector<ObservationSet>;

}  // namespace foehn::observation

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/observation/block_mean.hpp"
#include "foehn/observation/interval.hpp"
#include "foehn/observation/operator.hpp"

namespace foehn::observation {

/// Means over blocks of cells and over the hours of an interval, of the values times a deviation where these
/// are normalised by one that differs from cell to cell: A u = mean(s u).
///
/// The hours of a mean from one time to another are those t with begin <= t < end: neighbouring intervals
/// share none, and slabs can be cut between them. Fields are instants, so that their mean over an interval
/// stands for one that is centred half a step earlier. Intervals do not overlap, so that A A^T is diagonal.
class BlockMeanOperator : public Operator {
 public:
  struct Layout {
    std::vector<std::int64_t> variables;  ///< observed ones, as rising indices of the slab's
    BlockMean block_mean;
    std::vector<Interval> intervals;  ///< of each observation, as rows of the slab, rising
    /// s, [hour, variable, y, x], the hours of all intervals one after another, or [1, variable, y, x] if it
    /// is the same at all hours; undefined where it is 1.
    at::Tensor deviation = {};
  };
  explicit BlockMeanOperator(Layout layout);

  std::int64_t size() const override { return static_cast<std::int64_t>(layout_.intervals.size()); }
  at::Tensor apply(const at::Tensor& slab, std::int64_t observation) const override;
  void add_adjoint(const at::Tensor& cotangent, std::int64_t observation, at::Tensor& slab) const override;
  /// The mean of s^2 over the cells and hours that an observation is a mean over, divided by their number.
  at::Tensor self_product(std::int64_t observation) const override;

 private:
  const Interval& interval(std::int64_t observation) const {
    return layout_.intervals[static_cast<std::size_t>(observation)];
  }
  /// s of an hour of an observation's interval, [variable, y, x].
  at::Tensor deviation_at(std::int64_t observation, std::int64_t hour) const;

  Layout layout_;
  std::vector<std::int64_t> deviation_rows_;  // of each observation's first hour
};

}  // namespace foehn::observation

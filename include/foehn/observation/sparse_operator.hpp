#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/device/row_index.hpp"
#include "foehn/observation/interval.hpp"
#include "foehn/observation/operator.hpp"

namespace foehn::observation {

/// y = W u with any sparse W without negative entries: each target is a weighted sum over some cells, and
/// over the hours of its observation's interval. Stations, tracks and a model's own cells are such targets;
/// the deviation of the climatology is part of W.
///
/// W is held as layers, one for each hour of an interval and each of a target's links: a layer gives all
/// observations, variables and targets one value each. So the number of operations is that of the layers,
/// whatever the length of a trajectory, and every sum is one of element-wise additions in the order of
/// layers, whose bits depend on nothing else. W^T is held in the same form, by cell in place of target.
class SparseOperator : public Operator {
 public:
  struct Layout {
    std::vector<std::int64_t> variables;  ///< observed ones, as rising indices of the slab's
    /// Of each observation, as rows of the slab; they may overlap, but no two begin at the same hour.
    std::vector<Interval> intervals;
    /// Cells of the targets, y * nx + x, int64, [link, observation, target]; the second is 1 where all
    /// observations have the same targets.
    at::Tensor cells;
    /// [hour of the interval, link, observation, variable, target]; any of the first, third and fourth may
    /// be 1, where it is the same for all. Zero where a target has fewer links, or an interval fewer hours,
    /// than others.
    at::Tensor weights;
  };
  /// @throws core::Error if a weight is negative or not finite
  explicit SparseOperator(Layout layout);

  std::int64_t size() const override { return static_cast<std::int64_t>(layout_.intervals.size()); }
  /// @return  [observation, variable, 1, target]
  at::Tensor apply(const at::Tensor& slab) const override;
  /// @param slab  contiguous
  void add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const override;

 private:
  /// Links from sources to places: each place is a weighted sum over sources.
  struct Links {
    at::Tensor sources;  // [link, observation or 1, place]
    at::Tensor weights;  // [hour or 1, link, observation or 1, variable or 1, place]
  };
  /// W^T in the form of W.
  void transpose();
  std::int64_t hours() const { return static_cast<std::int64_t>(hours_.size()); }
  /// Where the variables of each observation begin in a flat slab, at an hour of its interval:
  /// [observation, variable, 1].
  at::Tensor fields_at(std::int64_t hour, const at::Tensor& slab) const;

  Layout layout_;
  device::RowIndex variables_;
  std::vector<device::RowIndex> hours_;  // of each hour of an interval: rows of the slab, [observation]
  Links from_targets_;                   // to the cells that are seen at all
  at::Tensor seen_;                      // these cells, [observation or 1, 1, place]
};

}  // namespace foehn::observation

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/device/row_index.hpp"
#include "foehn/observation/block_mean.hpp"
#include "foehn/observation/interval.hpp"
#include "foehn/observation/operator.hpp"

namespace foehn::observation {

/// Means over blocks of cells and over the hours of an interval, of the values times a deviation where these
/// are normalised by one that differs from cell to cell: A u = mean(s u).
///
/// The hours of a mean from one time to another are those t with begin <= t < end: neighbouring intervals
/// share none, and slabs can be cut between them. Fields are instants, so that their mean over an interval
/// stands for one that is centred half a step earlier. Intervals do not overlap.
///
/// Fields are brought together for some of the observations at a time, a sixteenth of them, so that memory
/// stays far below a slab's.
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
  at::Tensor apply(const at::Tensor& slab) const override;
  void add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const override;

 private:
  /// The hours that observations of a part have in one place of their intervals: the first of each, say.
  struct Layer {
    device::RowIndex observations;    // those that have such an hour, as rows of the part; empty: all
    device::RowIndex hours;           // of each, as rows of the slab
    device::RowIndex deviation_rows;  // of each
  };
  /// Some of the observations, [first, last).
  struct Part {
    std::int64_t first, last;
    std::vector<Layer> layers;  // in the order of hours
  };
  Part make_part(std::int64_t first, std::int64_t last) const;
  /// Values of a layer's hours, [observation, variable, y, x]; memory of their own.
  at::Tensor fields_of(const Layer& layer, const at::Tensor& slab) const;
  /// s of a layer's hours, [observation or 1, variable, y, x].
  at::Tensor deviation_of(const Layer& layer, at::ScalarType type) const;

  Layout layout_;
  device::RowIndex variables_;
  std::vector<double> hours_;                 // of each observation
  std::vector<std::int64_t> deviation_rows_;  // of each observation's first hour
  std::vector<Part> parts_;
};

}  // namespace foehn::observation

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "foehn/device/row_index.hpp"

namespace foehn::device {

/// Adds rows of one tensor to rows of another: what a row is given is added in the order of the list, so that
/// bits do not depend on how additions are shared out among kernels, in as few of these as the most additions
/// to one row.
class OrderedAddition {
 public:
  /// One addition.
  struct Item {
    std::int64_t from;  ///< row of the source
    std::int64_t to;    ///< row of the sum
  };
  OrderedAddition() = default;
  explicit OrderedAddition(const std::vector<Item>& items);

  /// @param source, sum  [row, ...]; the same trailing shape, type and device
  void operator()(const at::Tensor& source, at::Tensor& sum) const;

 private:
  /// Additions to different rows.
  struct Layer {
    RowIndex from, to;
  };
  std::vector<Layer> layers_;
};

}  // namespace foehn::device

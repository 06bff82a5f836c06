#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <numeric>
#include <vector>

#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::observation {

/// Observations of every variable at some rows of a slab; NaN is missing.
inline Observations snapshots(const BlockMean& block_mean, const std::vector<std::int64_t>& rows,
                              const at::Tensor& values, const at::Tensor& variance) {
  std::vector<std::int64_t> variables(static_cast<std::size_t>(values.size(1)));
  std::iota(variables.begin(), variables.end(), 0);
  std::vector<Interval> intervals;
  for (const std::int64_t row : rows) intervals.push_back({row, row + 1});
  return {{std::make_shared<BlockMeanOperator>(BlockMeanOperator::Layout{variables, block_mean, intervals}),
           values, variance}};
}

}  // namespace foehn::observation

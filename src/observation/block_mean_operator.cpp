#include "foehn/observation/block_mean_operator.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

namespace foehn::observation {

namespace {

constexpr std::int64_t kParts = 4;

/// A number for each observation, [observation, 1, 1, 1].
at::Tensor for_each_observation(const std::vector<double>& numbers, const at::TensorOptions& options) {
  return at::tensor(numbers, at::kDouble).to(options).reshape({-1, 1, 1, 1});
}

}  // namespace

BlockMeanOperator::BlockMeanOperator(Layout layout)
    : layout_(std::move(layout)), variables_(layout_.variables) {
  std::int64_t row = 0;
  for (const Interval& hours : layout_.intervals) {
    deviation_rows_.push_back(row);
    row += hours.hours();
    hours_.push_back(static_cast<double>(hours.hours()));
  }
  for (std::int64_t part = 0; part < kParts; ++part) {
    const std::int64_t first = size() * part / kParts, last = size() * (part + 1) / kParts;
    if (first < last) parts_.push_back(make_part(first, last));
  }
}

BlockMeanOperator::Part BlockMeanOperator::make_part(std::int64_t first, std::int64_t last) const {
  Part part{first, last, {}};
  for (std::int64_t place = 0;; ++place) {
    std::vector<std::int64_t> observations, hours, rows;
    for (std::int64_t i = first; i < last; ++i) {
      const Interval& interval = layout_.intervals[static_cast<std::size_t>(i)];
      if (place >= interval.hours()) continue;
      observations.push_back(i - first);
      hours.push_back(interval.first + place);
      rows.push_back(deviation_rows_[static_cast<std::size_t>(i)] + place);
    }
    if (observations.empty()) return part;
    if (static_cast<std::int64_t>(observations.size()) == last - first) observations.clear();
    part.layers.push_back({device::RowIndex(std::move(observations)), device::RowIndex(std::move(hours)),
                           device::RowIndex(std::move(rows))});
  }
}

at::Tensor BlockMeanOperator::fields_of(const Layer& layer, const at::Tensor& slab) const {
  const at::Tensor hours = slab.index_select(0, layer.hours.on(slab.device()));
  return variables_.size() == slab.size(1) ? hours : hours.index_select(1, variables_.on(slab.device()));
}

at::Tensor BlockMeanOperator::deviation_of(const Layer& layer, at::ScalarType type) const {
  const at::Tensor& deviation = layout_.deviation;
  if (deviation.size(0) == 1) return deviation.to(type);
  return deviation.index_select(0, layer.deviation_rows.on(deviation.device())).to(type);
}

at::Tensor BlockMeanOperator::apply(const at::Tensor& slab) const {
  const std::int64_t block = layout_.block_mean.block();
  at::Tensor sum =
      at::empty({size(), variables_.size(), slab.size(2) / block, slab.size(3) / block}, slab.options());
  for (const Part& part : parts_) {
    at::Tensor sums = sum.narrow(0, part.first, part.last - part.first);
    for (const Layer& layer : part.layers) {
      at::Tensor fields = fields_of(layer, slab);
      if (layout_.deviation.defined()) fields.mul_(deviation_of(layer, slab.scalar_type()));
      const at::Tensor means = layout_.block_mean.apply(fields);
      if (&layer == &part.layers.front())
        sums.copy_(means);
      else if (layer.observations.is_empty())
        sums.add_(means);
      else
        sums.index_add_(0, layer.observations.on(sum.device()), means);
    }
  }
  return sum.div_(for_each_observation(hours_, slab.options()));
}

void BlockMeanOperator::add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const {
  const at::Tensor scaled = cotangents / for_each_observation(hours_, cotangents.options());
  for (const Part& part : parts_) {
    const at::Tensor shares =
        layout_.block_mean.adjoint(scaled.narrow(0, part.first, part.last - part.first));
    for (const Layer& layer : part.layers) {
      at::Tensor given = layer.observations.is_empty()
                             ? shares
                             : shares.index_select(0, layer.observations.on(slab.device()));
      if (layout_.deviation.defined()) given = given * deviation_of(layer, slab.scalar_type());
      const at::Tensor& hours = layer.hours.on(slab.device());
      if (variables_.size() == slab.size(1)) {
        slab.index_add_(0, hours, given);
        continue;
      }
      for (std::int64_t i = 0; i < variables_.size(); ++i)
        slab.select(1, layout_.variables[static_cast<std::size_t>(i)])
            .index_add_(0, hours, given.select(1, i));
    }
  }
}

}  // namespace foehn::observation

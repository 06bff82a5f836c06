#include "foehn/observation/sparse_operator.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::observation {

namespace {

/// A slice of a dimension that may be 1 for all.
at::Tensor slice(const at::Tensor& tensor, std::int64_t dimension, std::int64_t i) {
  return tensor.select(dimension, tensor.size(dimension) == 1 ? 0 : i);
}

/// A target of a cell, and which of the target's links leads there.
struct Link {
  std::int64_t target, link;
};
/// By cell, in order.
using ByCell = std::map<std::int64_t, std::vector<Link>>;

}  // namespace

SparseOperator::SparseOperator(Layout layout) : layout_(std::move(layout)), variables_(layout_.variables) {
  const at::Tensor& weights = layout_.weights;
  if (!at::logical_and(weights.ge(0), weights.isfinite()).all().item<bool>())
    throw core::Error("observation weights: expected none below 0, and all of them finite");
  std::int64_t longest = 0;
  for (const Interval& interval : layout_.intervals) longest = std::max(longest, interval.hours());
  for (std::int64_t hour = 0; hour < longest; ++hour) {
    std::vector<std::int64_t> rows;
    for (const Interval& interval : layout_.intervals)
      rows.push_back(std::min(interval.first + hour, interval.last - 1));  // beyond its end: of weight zero
    hours_.emplace_back(std::move(rows));
  }
  if (size() > 0) transpose();
}

void SparseOperator::transpose() {
  const at::Tensor cells = layout_.cells.to(at::kCPU).contiguous();
  at::Tensor counts = layout_.weights.ne(0).any(3).any(0).to(at::kCPU);
  if (cells.size(1) == 1) counts = counts.any(1, /*keepdim=*/true);
  counts = counts.expand_as(cells).contiguous();
  const std::int64_t links = cells.size(0), observations = cells.size(1), targets = cells.size(2);
  const auto* cell = cells.data_ptr<std::int64_t>();
  const auto* is_link = counts.data_ptr<bool>();
  std::vector<ByCell> all(static_cast<std::size_t>(observations));
  std::size_t most_cells = 0, most_links = 0;
  for (std::int64_t o = 0; o < observations; ++o) {
    ByCell& of = all[static_cast<std::size_t>(o)];
    for (std::int64_t target = 0; target < targets; ++target)
      for (std::int64_t link = 0; link < links; ++link) {
        const std::int64_t i = (link * observations + o) * targets + target;
        if (is_link[i]) of[cell[i]].push_back({target, link});
      }
    most_cells = std::max(most_cells, of.size());
    for (const auto& [number, of_cell] : of) most_links = std::max(most_links, of_cell.size());
  }

  // Where a cell has fewer links than others, or an observation fewer cells, weights are zero.
  const auto places = static_cast<std::int64_t>(most_cells), layers = static_cast<std::int64_t>(most_links);
  at::Tensor seen = at::zeros({observations, 1, places}, at::kLong);
  at::Tensor sources = at::zeros({layers, observations, places}, at::kLong);
  at::Tensor from = at::zeros_like(sources), is_used = at::zeros(sources.sizes(), at::kBool);
  for (std::int64_t o = 0; o < observations; ++o) {
    std::int64_t place = 0;
    for (const auto& [number, of_cell] : all[static_cast<std::size_t>(o)]) {
      seen.data_ptr<std::int64_t>()[o * places + place] = number;
      for (std::size_t layer = 0; layer < of_cell.size(); ++layer) {
        const std::int64_t i = (static_cast<std::int64_t>(layer) * observations + o) * places + place;
        sources.data_ptr<std::int64_t>()[i] = of_cell[layer].target;
        from.data_ptr<std::int64_t>()[i] = of_cell[layer].link * targets + of_cell[layer].target;
        is_used.data_ptr<bool>()[i] = true;
      }
      ++place;
    }
  }
  const at::Device device = layout_.weights.device();
  // [hour, observation, variable, link and target] to [hour, observation, variable, layer and place]
  const at::Tensor weights = layout_.weights.permute({0, 2, 3, 1, 4}).flatten(3);
  const at::Tensor by_observation = observations == 1 ? weights : weights.expand({-1, observations, -1, -1});
  std::vector<std::int64_t> shape{weights.size(0), by_observation.size(1), weights.size(2), layers * places};
  const at::Tensor index =
      from.permute({1, 0, 2}).flatten(1).reshape({1, observations, 1, layers * places}).to(device);
  const at::Tensor used =
      is_used.permute({1, 0, 2}).flatten(1).reshape({1, observations, 1, layers * places}).to(device);
  at::Tensor taken = by_observation.gather(3, index.expand(shape)).masked_fill_(used.logical_not(), 0);
  shape.back() = layers;
  shape.push_back(places);
  from_targets_ = {sources.to(device), taken.reshape(shape).permute({0, 3, 1, 2, 4}).contiguous()};
  seen_ = seen.to(device);
}

at::Tensor SparseOperator::fields_at(std::int64_t hour, const at::Tensor& slab) const {
  const std::int64_t cells = slab.size(2) * slab.size(3);
  const at::Tensor& rows = hours_[static_cast<std::size_t>(hour)].on(slab.device());
  return rows.reshape({-1, 1, 1}) * (slab.size(1) * cells) +
         variables_.on(slab.device()).reshape({1, -1, 1}) * cells;
}

at::Tensor SparseOperator::apply(const at::Tensor& slab) const {
  const std::int64_t targets = layout_.cells.size(2);
  at::Tensor sum = at::zeros({size(), variables_.size(), targets}, slab.options());
  const at::Tensor weights = layout_.weights.to(slab.scalar_type());
  const at::Tensor flat = slab.reshape({-1});
  for (std::int64_t hour = 0; hour < hours(); ++hour) {
    const at::Tensor fields = fields_at(hour, slab), of_hour = slice(weights, 0, hour);
    for (std::int64_t link = 0; link < layout_.cells.size(0); ++link) {
      at::Tensor values = flat.take(fields + layout_.cells[link].unsqueeze(1));
      sum.add_(values.mul_(of_hour[link]));
    }
  }
  return sum.unsqueeze(2);
}

void SparseOperator::add_adjoint(const at::Tensor& cotangents, at::Tensor& slab) const {
  if (size() == 0) return;
  const std::int64_t places = seen_.size(2);
  at::Tensor flat = slab.view({-1});
  const at::Tensor given = cotangents.reshape({size(), variables_.size(), -1});
  const at::Tensor weights = from_targets_.weights.to(slab.scalar_type());
  for (std::int64_t hour = 0; hour < hours(); ++hour) {
    const at::Tensor of_hour = slice(weights, 0, hour);
    at::Tensor shares = at::zeros({size(), variables_.size(), places}, slab.options());
    for (std::int64_t link = 0; link < weights.size(1); ++link) {
      const at::Tensor sources = from_targets_.sources[link].unsqueeze(1).expand(shares.sizes());
      shares.add_(given.gather(2, sources).mul_(of_hour[link]));
    }
    // No cell twice, but for those that are given zeros.
    flat.index_add_(0, (fields_at(hour, slab) + seen_).flatten(), shares.flatten());
  }
}

}  // namespace foehn::observation

#include "foehn/device/ordered_addition.hpp"

#include <ATen/ATen.h>

#include <unordered_map>
#include <utility>

namespace foehn::device {

OrderedAddition::OrderedAddition(const std::vector<Item>& items) {
  std::vector<std::pair<std::vector<std::int64_t>, std::vector<std::int64_t>>> layers;
  std::unordered_map<std::int64_t, std::size_t> additions;  // to each row so far
  for (const Item& item : items) {
    const std::size_t layer = additions[item.to]++;
    if (layer == layers.size()) layers.emplace_back();
    layers[layer].first.push_back(item.from);
    layers[layer].second.push_back(item.to);
  }
  for (auto& [from, to] : layers) layers_.push_back({RowIndex(std::move(from)), RowIndex(std::move(to))});
}

void OrderedAddition::operator()(const at::Tensor& source, at::Tensor& sum) const {
  const at::Device device = sum.device();
  // No row occurs twice in a layer: nothing is left to the order in which a kernel adds.
  for (const Layer& layer : layers_)
    sum.index_add_(0, layer.to.on(device), source.index_select(0, layer.from.on(device)));
}

}  // namespace foehn::device

#include "model/tiles.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "model/kept_pointer.hpp"

namespace foehn::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using RowsOfRanks = std::vector<std::vector<std::int64_t>>;

constexpr const char* kTiles = "tiles";

/// The type that gradients are added in: weights of fewer bits would lose theirs.
at::ScalarType type_of_sums(const variable_list& gradients) {
  const auto is_double = [](const at::Tensor& of) { return of.defined() && of.scalar_type() == at::kDouble; };
  return std::any_of(gradients.begin(), gradients.end(), is_double) ? at::kDouble : at::kFloat;
}

class CopyToTiles : public torch::autograd::Function<CopyToTiles> {
 public:
  /// @return  the copies of the first tile, those of the second, ...
  static variable_list forward(AutogradContext* context, at::TensorList shared, const Tiles* tiles) {
    context->saved_data[kTiles] = kept(*tiles);
    context->set_materialize_grads(false);
    variable_list copies;
    for (std::size_t tile = 0; tile < std::max<std::size_t>(tiles->sizes().size(), 1); ++tile)
      for (const at::Tensor& tensor : shared) copies.push_back(tensor.detach());
    return copies;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& tiles = kept_in<Tiles>(context->saved_data[kTiles]);
    const std::size_t copies = std::max<std::size_t>(tiles.sizes().size(), 1),
                      count = gradients.size() / copies;
    const at::ScalarType type = type_of_sums(gradients);
    // What one tile has used all have, and what none has used has no gradient.
    std::vector<std::size_t> used;
    for (std::size_t i = 0; i < count; ++i)
      if (gradients[i].defined()) used.push_back(i);
    variable_list result(count + 1);  // the last is of the tiles
    if (used.empty()) return result;
    variable_list terms;
    for (std::size_t tile = 0; tile < copies; ++tile) {
      variable_list of_tile;
      for (const std::size_t i : used) of_tile.push_back(gradients[tile * count + i].flatten().to(type));
      terms.push_back(at::cat(of_tile));
    }
    const at::Tensor sum =
        tiles.sum(at::stack(terms).narrow(0, 0, static_cast<std::int64_t>(tiles.sizes().size())));
    std::int64_t first = 0;
    for (const std::size_t i : used) {
      const at::Tensor& like = gradients[i];
      result[i] = sum.narrow(0, first, like.numel()).view(like.sizes()).to(like.scalar_type());
      first += like.numel();
    }
    return result;
  }
};

class ContiguousGradient : public torch::autograd::Function<ContiguousGradient> {
 public:
  static at::Tensor forward(AutogradContext*, const at::Tensor& x) { return x.detach(); }
  static variable_list backward(AutogradContext*, const variable_list& gradients) {
    return {gradients[0].contiguous()};
  }
};

/// Terms added one after the other, [term, number].
at::Tensor sum_in_order(const at::Tensor& terms) {
  at::Tensor sum = terms[0].clone();
  for (std::int64_t i = 1; i < terms.size(0); ++i) sum.add_(terms[i]);
  return sum;
}

}  // namespace

Tiles::Tiles(NodeBands band, comm::Transport* transport) : band_(std::move(band)) {
  if (transport == nullptr) return;
  const auto ranks = static_cast<std::size_t>(band_.ranks());
  // A row is the part of a tile's numbers that one rank adds.
  RowsOfRanks held(ranks), wanted(ranks), sums(ranks);
  std::int64_t row = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (std::int64_t tile = 0; tile < band_.tiles_of(static_cast<int>(rank)); ++tile)
      for (std::size_t adder = 0; adder < ranks; ++adder, ++row) {
        held[rank].push_back(row);
        wanted[adder].push_back(row);
      }
    sums[rank] = {static_cast<std::int64_t>(rank)};
  }
  std::vector<std::int64_t> all(ranks);
  std::iota(all.begin(), all.end(), 0);
  to_adders_ = std::make_shared<const comm::RowExchange>(*transport, held, wanted, "gradients of tiles");
  from_adders_ = std::make_shared<const comm::RowExchange>(*transport, sums, RowsOfRanks(ranks, all),
                                                           "sums of gradients");
}

at::Tensor with_contiguous_gradient(const at::Tensor& x) {
  return ContiguousGradient::apply(x);
}

std::vector<std::vector<at::Tensor>> Tiles::copies(const std::vector<at::Tensor>& shared) const {
  const std::size_t tiles = std::max<std::size_t>(sizes().size(), 1);
  const auto needs_gradient = [](const at::Tensor& tensor) { return tensor.requires_grad(); };
  if (!at::GradMode::is_enabled() || std::none_of(shared.begin(), shared.end(), needs_gradient))
    return std::vector<std::vector<at::Tensor>>(tiles, shared);
  const variable_list all = CopyToTiles::apply(at::TensorList(shared), this);
  std::vector<std::vector<at::Tensor>> of_tiles;
  for (std::size_t i = 0; i < all.size(); i += shared.size())
    of_tiles.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(i),
                          all.begin() + static_cast<std::ptrdiff_t>(i + shared.size()));
  return of_tiles;
}

at::Tensor Tiles::sum(const at::Tensor& terms) const {
  if (!to_adders_) return sum_in_order(terms);
  const std::int64_t ranks = band_.ranks(), numbers = terms.size(1), part = (numbers + ranks - 1) / ranks;
  const at::Tensor padded = at::constant_pad_nd(terms, {0, part * ranks - numbers});
  const at::Tensor added = sum_in_order(to_adders_->exchange(padded.reshape({-1, part})));
  return from_adders_->exchange(added.unsqueeze(0)).flatten().narrow(0, 0, numbers).contiguous();
}

}  // namespace foehn::model

#include "foehn/model/network_architecture.hpp"

#include <fmt/format.h>

#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::model {

WindowChannels channels_of(const NetworkArchitecture& architecture) {
  return std::visit([](const auto& of) { return of.window_channels(); }, architecture);
}

void check_architecture(const NetworkArchitecture& architecture) {
  std::visit([](const auto& of) { check_architecture(of); }, architecture);
}

TensorShapes expected_tensors(const NetworkArchitecture& architecture) {
  return std::visit([](const auto& of) { return expected_tensors(of); }, architecture);
}

std::shared_ptr<const mesh::Graph> graph_on(const grid::Grid& grid, const NetworkArchitecture& architecture) {
  if (const auto* graph = std::get_if<GraphTransformerArchitecture>(&architecture))
    return std::make_shared<const mesh::Graph>(make_graph(grid, graph->mesh_level));
  const auto& unet = std::get<ScoreUnetArchitecture>(architecture);
  grid::require_rows(
      grid,
      "a U-Net halves both sides of its fields; a list of cells is for prior.kind graph-transformer, or for "
      "network.kind graph-transformer with prior.kind conditional-residual");
  const auto multiple = unet.side_multiple();
  if (!unet.tile.is_whole()) {
    check_tiles(unet.tile, grid, multiple);
    return nullptr;
  }
  if (grid.ny() % multiple != 0 || grid.nx() % multiple != 0)
    throw core::Error(fmt::format(
        "the network halves the grid {} times, so that both sides must be multiples of {}; found {} x {} "
        "cells",
        unet.hidden.size() - 1, multiple, grid.ny(), grid.nx()));
  return nullptr;
}

std::int64_t window_flops(const NetworkArchitecture& architecture, const grid::Grid& grid) {
  if (const auto* graph = std::get_if<GraphTransformerArchitecture>(&architecture))
    return window_flops(*graph, grid.cells());
  const auto& unet = std::get<ScoreUnetArchitecture>(architecture);
  if (unet.tile.is_whole()) return window_flops(unet, grid.ny(), grid.nx());
  return static_cast<std::int64_t>(Tiling(unet.tile, grid).size()) *
         window_flops(unet, unet.tile.ny, unet.tile.nx);
}

std::unique_ptr<Network> make_network(const NetworkArchitecture& architecture,
                                      const std::map<std::string, at::Tensor>& tensors,
                                      std::shared_ptr<const mesh::Graph> graph,
                                      const at::TensorOptions& options, Precision precision) {
  if (const auto* transformer = std::get_if<GraphTransformerArchitecture>(&architecture))
    return std::make_unique<GraphTransformer>(*transformer, tensors, std::move(graph), options, precision);
  return std::make_unique<ScoreUnet>(std::get<ScoreUnetArchitecture>(architecture), tensors, options,
                                     precision);
}

void set_tiles(Network& network, const NetworkArchitecture& architecture, const grid::Grid& grid) {
  const auto* unet = std::get_if<ScoreUnetArchitecture>(&architecture);
  if (unet != nullptr && !unet->tile.is_whole()) network.set_tiling(Tiling(unet->tile, grid));
}

}  // namespace foehn::model

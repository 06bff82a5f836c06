#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>

#include "foehn/grid/grid.hpp"
#include "foehn/model/graph_transformer.hpp"
#include "foehn/model/network.hpp"
#include "foehn/model/score_unet.hpp"

namespace foehn::model {

/// What fixes the shape of a prior's network, whichever it is.
using NetworkArchitecture = std::variant<ScoreUnetArchitecture, GraphTransformerArchitecture>;

WindowChannels channels_of(const NetworkArchitecture& architecture);

/// @throws core::Error naming the field of the architecture that no network can have
void check_architecture(const NetworkArchitecture& architecture);

/// Every tensor of the network.
/// @throws core::Error as check_architecture
TensorShapes expected_tensors(const NetworkArchitecture& architecture);

/// The graph that the network computes on; null if it needs none.
/// @throws core::Error if the network cannot compute on fields of the grid
std::shared_ptr<const mesh::Graph> graph_on(const grid::Grid& grid, const NetworkArchitecture& architecture);

/// Floating-point operations of one window, forward; a product and its sum count as two.
std::int64_t window_flops(const NetworkArchitecture& architecture, const grid::Grid& grid);

/// @param tensors    as expected_tensors; any floating type
/// @param graph      as graph_on gives it
/// @param options    type of fields and sums, and device
/// @param precision  of estimates
/// @throws core::Error as check_architecture and check_tensors
std::unique_ptr<Network> make_network(const NetworkArchitecture& architecture,
                                      const std::map<std::string, at::Tensor>& tensors,
                                      std::shared_ptr<const mesh::Graph> graph,
                                      const at::TensorOptions& options,
                                      Precision precision = Precision::fp32);

/// Where the architecture's network sees tiles, lets it make its estimates of those of a grid.
void set_tiles(Network& network, const NetworkArchitecture& architecture, const grid::Grid& grid);

}  // namespace foehn::model

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/mesh/graph.hpp"
#include "foehn/model/network.hpp"

namespace foehn::comm {
class Transport;
}

namespace foehn::model {

/// What fixes the shape of a graph transformer.
struct GraphTransformerArchitecture {
  std::int64_t window = 0;                      ///< hours that the network sees at once, odd
  std::int64_t variables = 0;                   ///< of an hour
  std::int64_t mesh_level = 0;                  ///< how often the icosahedron of its hidden mesh is refined
  std::int64_t width = 0;                       ///< channels of a node
  std::int64_t heads = 0;                       ///< of its attention, which share out the width
  std::int64_t layers = 0;                      ///< blocks on the hidden mesh
  std::int64_t inputs = 1;                      ///< fields that enter for each channel that leaves
  std::int64_t extra_inputs = 0;                ///< more fields that enter, of the whole window
  bool dates = false;                           ///< whether it knows the time of the year and of the day
  std::vector<std::string> static_fields = {};  ///< names of fields that it knows beside its inputs

  WindowChannels window_channels() const {
    return {window, variables, inputs, extra_inputs, dates, static_fields};
  }
  bool operator==(const GraphTransformerArchitecture&) const = default;
};

/// @throws core::Error naming the field of the architecture that no network can have
void check_architecture(const GraphTransformerArchitecture& architecture);

/// Every tensor of the network.
/// @throws core::Error as check_architecture
TensorShapes expected_tensors(const GraphTransformerArchitecture& architecture);

/// Floating-point operations of one window's linear layers, forward; a product and its sum count as two. What
/// attention does edge by edge is little beside them.
/// @param cells  of a field
std::int64_t window_flops(const GraphTransformerArchitecture& architecture, std::int64_t cells);

/// The graph from the cells of a grid to the hidden mesh, over it, and back.
/// @throws core::Error if the cells do not cover the globe as densely as the mesh
mesh::Graph make_graph(const grid::Grid& grid, std::int64_t mesh_level);

class GraphTransformerLayers;
class SharedNodes;

/// A graph transformer: attention over the edges of a graph takes the cells of any grid of the globe to a
/// hidden mesh, works on that, and goes back to the cells. A block gives destination i, of sources j over the
/// incoming edges a_ij, with g = N(x_i), h = N(x_j), q = W_q g, k = W_k h, v = W_v h, e = W_e a_ij in each
/// head of width d,
///   y = x_i + W_o(sum_j alpha_ij (v + e) + W_r g),  alpha_ij = softmax_j(q . (k + e)/sqrt(d)),
/// and then y + MLP(N(y)). N is a layer norm, scaled and shifted by linear maps of what the network makes of
/// the noise level. Cells enter with their fields and with the sines and cosines of their latitude and
/// longitude, nodes of the hidden mesh with the latter alone. Source: the downscaling model Anemoi-D2, arXiv
/// 2604.03303.
///
/// Sums over edges go from edge to edge in one order for each node, forward and backward, whatever the device
/// and its threads. No tensor has all edges times the width: memory grows with nodes. For the gradient each
/// block is evaluated again, so that only what enters a block is kept. Cells and nodes are worked on in tiles
/// of consecutive ones, so that no bits depend on how they are shared out over ranks.
class GraphTransformer : public Network {
 public:
  /// @param tensors    as expected_tensors; any floating type
  /// @param graph      of the architecture's mesh; held until something is computed
  /// @param options    type of fields and sums, and device
  /// @param precision  of estimates, and of `forward` where it is not told; bf16 rounds the factors of
  /// products
  /// @throws core::Error as check_architecture and check_tensors
  GraphTransformer(const GraphTransformerArchitecture& architecture,
                   const std::map<std::string, at::Tensor>& tensors, std::shared_ptr<const mesh::Graph> graph,
                   const at::TensorOptions& options, Precision precision = Precision::fp32);
  ~GraphTransformer() override;

  const GraphTransformerArchitecture& architecture() const { return architecture_; }

  /// From now on shares out cells and nodes over ranks, each of which has a network of the same weights,
  /// static fields and clock. Estimates are then asked of the first rank alone; the others are in `serve`.
  /// All call `forward`, and have the same gradients. Before anything is computed.
  /// @param transport  of the ranks, outlives this; of the network's device
  void share(comm::Transport& transport);
  /// Computes with the first rank whatever that is asked, until it calls `release`. Of the other ranks.
  void serve();
  /// Lets the other ranks return from `serve`. Of the first rank.
  void release();

  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 private:
  struct Computation;
  void check_shape(const at::Tensor& noisy) const override;
  at::Tensor compute(const at::Tensor& complete, const at::Tensor& t, const at::Tensor& labels,
                     Precision precision, const Dropout* dropout) const override;
  GraphTransformerLayers layers_in(Precision precision) const;

  GraphTransformerArchitecture architecture_;
  std::int64_t cells_;
  std::unique_ptr<Computation> computation_;
  std::unique_ptr<const SharedNodes> shared_;  // null: this rank has all nodes
};

}  // namespace foehn::model

// Cells and nodes of a graph transformer that ranks share out.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foehn/comm/transport.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/model/graph_transformer.hpp"
#include "model/graph_transformer_layers.hpp"
#include "model/node_bands.hpp"
#include "model/shared_nodes.hpp"

namespace foehn::model::graph_transformer_mpi_test {
namespace {

GraphTransformerArchitecture architecture(std::int64_t mesh_level) {
  return {.window = 3, .variables = 2, .mesh_level = mesh_level, .width = 24, .heads = 3, .layers = 2};
}

std::map<std::string, at::Tensor> weights(const GraphTransformerArchitecture& of) {
  return random_tensors(expected_tensors(of), 5);
}

/// This rank by itself.
comm::Communicator alone() {
  const comm::Communicator world = comm::Communicator::world();
  return world.split(world.rank());
}

TEST(NodeBands, ShareOutWholeTilesInOrder) {
  std::int64_t next = 0;
  std::vector<std::int64_t> tiles;
  for (int rank = 0; rank < 3; ++rank) {
    const NodeBands band(100, rank, 3, 16);
    EXPECT_EQ(band.first(), next);
    next += band.size();
    tiles.insert(tiles.end(), band.tiles().begin(), band.tiles().end());
    for (std::int64_t node = band.first(); node < next; ++node) EXPECT_EQ(band.rank_of(node), rank);
  }
  EXPECT_EQ(next, 100);
  EXPECT_EQ(tiles, (std::vector<std::int64_t>{16, 16, 16, 16, 16, 16, 4}));
  EXPECT_EQ(NodeBands(10).tiles(), std::vector<std::int64_t>{10});
  EXPECT_LE(NodeBands(421120).tiles().size(), 64U);
}

/// What layers make of all cells, and the product of their Jacobian with a cotangent.
std::vector<at::Tensor> answers(const GraphTransformerLayers& layers, const at::Tensor& cells,
                                comm::Transport& transport, const mesh::Graph& graph) {
  const GraphTransformerLayers::Nodes nodes(graph, at::kFloat, transport, 16);
  const SharedNodes shared(transport, nodes.data_band, at::kCPU);
  const at::Tensor all = cells.clone().requires_grad_();
  const at::Tensor answer = shared.all(layers(shared.own(all), at::full({1}, 0.3, at::kDouble), {}, nodes));
  return {answer.detach(), torch::autograd::grad({answer}, {all}, {answer.detach().sin()})[0]};
}

TEST(GraphTransformerLayers, HaveTheBitsOfOneRankOnAnyNumber) {
  const auto of = architecture(2);
  const auto tensors = weights(of);
  const auto source = [&](const std::string& name, const auto&) { return tensors.at(name); };
  const GraphTransformerLayers layers(of, {source, source});
  const mesh::Graph graph = make_graph(grid::named_grid("O8"), 2);
  at::manual_seed(3);
  const at::Tensor cells = at::randn({1, 544, 6});
  const comm::Communicator world = comm::Communicator::world(), self = alone();
  const auto of_all = comm::make_transport(world), of_one = comm::make_transport(self);
  const auto found = answers(layers, cells, *of_all, graph),
             expected = answers(layers, cells, *of_one, graph);
  EXPECT_TRUE(at::equal(found[0], expected[0]));
  EXPECT_TRUE(at::equal(found[1], expected[1]));
  EXPECT_GT(expected[1].abs().max().item<double>(), 0);
}

TEST(GraphTransformer, IsComputedTogetherByTheRanksOfAGroup) {
  const comm::Communicator world = comm::Communicator::world();
  // Of four ranks two groups, which do not wait for each other.
  const comm::Communicator group = world.split(world.size() == 4 ? world.rank() / 2 : 0);
  const auto transport = comm::make_transport(group);
  const auto of = architecture(3);
  const mesh::Graph graph = make_graph(grid::named_grid("O16"), 3);
  GraphTransformer shared(of, weights(of), graph, at::kFloat);
  shared.share(graph, *transport);
  if (!group.is_root()) {
    shared.serve();
    return;
  }
  GraphTransformer whole(of, weights(of), graph, at::kFloat);
  at::manual_seed(world.rank());
  const diffusion::NoiseLevel level{0.2, 1, 2.2};
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const diffusion::Windows noisy{at::randn({2, 6, 1, 1600}, type), {4, 7}};
    const at::Tensor cotangent = at::randn({2, 6, 1, 1600}, type);
    EXPECT_TRUE(at::equal(shared.noise_estimate(noisy, level), whole.noise_estimate(noisy, level)));
    EXPECT_TRUE(
        at::equal(shared.noise_vjp(noisy, level, cotangent), whole.noise_vjp(noisy, level, cotangent)));
  }
  shared.release();
}

}  // namespace
}  // namespace foehn::model::graph_transformer_mpi_test

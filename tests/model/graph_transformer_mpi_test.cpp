// Cells and nodes of a graph transformer that ranks share out.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "foehn/comm/transport.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/model/graph_transformer.hpp"
#include "model/graph_transformer_layers.hpp"
#include "model/node_bands.hpp"
#include "model/shared_nodes.hpp"

namespace foehn::model::graph_transformer_mpi_test {
namespace {

using torch::autograd::variable_list;

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
  const SharedNodes shared(transport, nodes.data_tiles.band(), at::kCPU);
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

/// Gradients of all tensors of a network, for the answer to a window.
std::map<std::string, at::Tensor> gradients(const GraphTransformer& network, const at::Tensor& windows,
                                            Precision precision) {
  variable_list leaves;
  for (const auto& [name, tensor] : network.tensors()) leaves.push_back(tensor.requires_grad_());
  const at::Tensor answer = network.forward(windows, at::tensor({0.1}, at::kDouble), {}, precision);
  // As of targets, whose channels come before their cells.
  const variable_list found = torch::autograd::grad({answer}, leaves, {at::sin(windows).contiguous()});
  std::map<std::string, at::Tensor> of_names;
  for (const auto& [name, tensor] : network.tensors()) of_names[name] = found[of_names.size()];
  return of_names;
}

TEST(GraphTransformer, HasTheGradientsOfOneRankOnAnyNumber) {
  const comm::Communicator world = comm::Communicator::world();
  const auto transport = comm::make_transport(world);
  const auto of = architecture(3);
  const auto graph = std::make_shared<const mesh::Graph>(make_graph(grid::named_grid("O16"), 3));
  GraphTransformer shared(of, weights(of), graph, at::kFloat);
  const GraphTransformer whole(of, weights(of), graph, at::kFloat);
  shared.share(*transport);
  at::manual_seed(4);
  const at::Tensor windows = at::randn({1, 6, 1, 1600});
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const auto found = gradients(shared, windows, precision), expected = gradients(whole, windows, precision);
    for (const auto& [name, gradient] : expected) EXPECT_TRUE(at::equal(found.at(name), gradient)) << name;
    for (const char* name : {"noise.0.weight", "data_in.weight", "decoder.key.weight"})
      EXPECT_GT(expected.at(name).abs().max().item<double>(), 0) << name;
  }
}

TEST(SharedNodes, TellFieldsInPiecesThatFitIntoMessages) {
  const comm::Communicator world = comm::Communicator::world();
  const auto transport = comm::make_transport(world);
  at::manual_seed(6);
  const diffusion::Windows noisy{at::randn({3, 5, 1, 40}), {1, 2, 3}};
  const at::Tensor cotangent = at::randn({3, 2, 1, 40});
  for (const std::int64_t most_bytes : {1, 500, 100000}) {
    const SharedNodes nodes(*transport, NodeBands(40, world.rank(), world.size(), 16), at::kCPU, most_bytes);
    if (nodes.is_first()) {
      nodes.tell({SharedNodes::Task::product, noisy, {0.1, 1, 2}, cotangent});
      EXPECT_THROW(nodes.tell({}), core::Error);  // which the others could not hear
      nodes.finished();
      continue;
    }
    const SharedNodes::Order heard = nodes.hear();
    EXPECT_TRUE(at::equal(heard.noisy.fields, noisy.fields)) << most_bytes;
    EXPECT_EQ(heard.noisy.first_hours, noisy.first_hours);
    EXPECT_TRUE(at::equal(heard.cotangent, cotangent)) << most_bytes;
  }
}

TEST(GraphTransformer, SharesOutNoCellsOnceItHasComputed) {
  const comm::Communicator self = alone();
  const auto transport = comm::make_transport(self);
  const auto of = architecture(0);
  GraphTransformer network(of, weights(of),
                           std::make_shared<const mesh::Graph>(make_graph(grid::named_grid("O4"), 0)),
                           at::kFloat);
  network.forward(at::zeros({1, 6, 1, 208}), at::zeros({1}));
  EXPECT_THROW(network.share(*transport), core::Error);
}

TEST(GraphTransformer, IsComputedTogetherByTheRanksOfAGroup) {
  const comm::Communicator world = comm::Communicator::world();
  // Of four ranks two groups, which do not wait for each other.
  const comm::Communicator group = world.split(world.size() == 4 ? world.rank() / 2 : 0);
  const auto transport = comm::make_transport(group);
  const auto of = architecture(3);
  const auto graph = std::make_shared<const mesh::Graph>(make_graph(grid::named_grid("O16"), 3));
  GraphTransformer shared(of, weights(of), graph, at::kFloat);
  shared.share(*transport);
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

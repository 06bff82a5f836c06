#include "foehn/model/graph_transformer.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <numeric>

#include "foehn/core/error.hpp"
#include "foehn/diffusion/noise_level.hpp"
#include "model/graph_transformer_layers.hpp"
#include "model/recomputed.hpp"

namespace foehn::model::graph_transformer_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kRows = 8, kColumns = 16, kCells = kRows * kColumns;
const at::TensorOptions kExact(at::kDouble);

grid::Grid globe() {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (int y = 0; y < kRows; ++y) grid.y.values.push_back(78.75 - 22.5 * y);
  for (int x = 0; x < kColumns; ++x) grid.x.values.push_back(5 + 22.5 * x);
  return grid;
}

std::shared_ptr<const mesh::Graph> graph_of_globe() {
  return std::make_shared<const mesh::Graph>(make_graph(globe(), 1));
}

GraphTransformerArchitecture small(bool dates = false) {
  return {.window = 3, .variables = 2, .mesh_level = 1, .width = 12, .heads = 3, .layers = 2, .dates = dates};
}

/// Random numbers for every tensor, none of which is special as it is at the start of a training.
std::map<std::string, at::Tensor> tensors_of(const GraphTransformerArchitecture& architecture) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : random_tensors(expected_tensors(architecture), 5))
    tensors[name] = tensor.to(at::kDouble);
  return tensors;
}

/// Edges as a dense matrix says where there is one.
at::Tensor adjacency(const mesh::EdgeList& edges, std::int64_t destinations, std::int64_t sources) {
  at::Tensor is_edge = at::zeros({destinations, sources}, at::kBool);
  for (std::size_t i = 0; i < edges.source.size(); ++i) is_edge[edges.destination[i]][edges.source[i]] = true;
  return is_edge;
}

/// Features of edges as a dense matrix, [destination, source, feature].
at::Tensor dense_features(const mesh::Layer& layer, std::int64_t destinations, std::int64_t sources) {
  at::Tensor features = at::zeros({destinations, sources, mesh::kEdgeFeatures}, at::kDouble);
  for (std::size_t i = 0; i < layer.edges.source.size(); ++i)
    for (std::int64_t k = 0; k < mesh::kEdgeFeatures; ++k)
      features[layer.edges.destination[i]][layer.edges.source[i]][k] =
          layer.features[i][static_cast<std::size_t>(k)];
  return features;
}

/// A block, written down as in its description with matrices of all pairs of nodes.
struct DenseBlock {
  const std::map<std::string, at::Tensor>& tensors;
  std::string name;
  std::int64_t heads;

  at::Tensor linear(const std::string& layer, const at::Tensor& x) const {
    return at::matmul(x, tensors.at(name + layer + ".weight").t()) + tensors.at(name + layer + ".bias");
  }
  static at::Tensor standardised(const at::Tensor& x) {
    const at::Tensor centred = x - x.mean(-1, true);
    return centred / (centred.square().mean(-1, true) + 1e-5).sqrt();
  }
  at::Tensor norm(const std::string& layer, const at::Tensor& x, const at::Tensor& c) const {
    return standardised(x) * (1 + linear(layer + ".scale", c)) + linear(layer + ".shift", c);
  }
  at::Tensor of_head(const std::string& layer, const at::Tensor& x) const {
    return standardised(x) * tensors.at(name + layer + ".weight") + tensors.at(name + layer + ".bias");
  }
  /// @param x, y  of destinations and sources of one window, [node, channel]
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& y, const at::Tensor& c,
                        const mesh::Layer& layer, bool between) const {
    const at::Tensor g = norm(".norm", x, c), h = between ? norm(".source_norm", y, c) : g;
    const at::Tensor q = linear(".query", g), k = linear(".key", h), v = linear(".value", h);
    const at::Tensor e = linear(".edge", dense_features(layer, x.size(0), y.size(0)));
    const at::Tensor is_edge = adjacency(layer.edges, x.size(0), y.size(0));
    std::vector<at::Tensor> sums;
    const std::int64_t width = x.size(1) / heads;
    for (std::int64_t head = 0; head < heads; ++head) {
      const auto part = [&](const at::Tensor& all) { return all.narrow(-1, head * width, width); };
      const at::Tensor query = between ? of_head(".query_norm", part(q)) : part(q),
                       key = between ? of_head(".key_norm", part(k)) : part(k);
      const at::Tensor scores =
          (query.unsqueeze(1) * (key.unsqueeze(0) + part(e))).sum(-1) / std::sqrt(width);
      const at::Tensor alpha =
          at::softmax(scores.masked_fill(is_edge.logical_not(), -std::numeric_limits<double>::infinity()), 1);
      sums.push_back((alpha.unsqueeze(2) * (part(v).unsqueeze(0) + part(e))).sum(1));
    }
    const at::Tensor z = x + linear(".out", at::cat(sums, 1) + linear(".own", g));
    return z + linear(".mlp.1", at::gelu(linear(".mlp.0", norm(".mlp_norm", z, c))));
  }
};

class BlockOfGraph : public ::testing::TestWithParam<bool> {};

TEST_P(BlockOfGraph, IsTheDenseMaskedSoftmax) {
  const bool between = GetParam();
  const mesh::Graph graph = make_graph(globe(), 1);
  const mesh::Layer& layer = between ? graph.encoder : graph.processor;
  const std::int64_t hidden = 42, sources = between ? kCells : hidden;
  const auto tensors = tensors_of(small());
  const TensorSource source = [&](const std::string& name, const auto&) { return tensors.at(name); };
  const std::string name = between ? "encoder" : "processor.1";
  const GraphBlock block({source, source}, name, 12, 3, between);
  at::manual_seed(3);
  const at::Tensor x = at::randn({2, hidden, 12}, kExact),
                   y = between ? at::randn({2, sources, 12}, kExact) : x;
  const at::Tensor condition = at::randn({2, 16}, kExact);
  const at::Tensor found = block(y, x, condition, EdgeRounds(layer, sources, hidden, kExact));
  for (std::int64_t window = 0; window < 2; ++window) {
    const at::Tensor expected =
        DenseBlock{tensors, name, 3}(x[window], y[window], condition.narrow(0, window, 1), layer, between);
    EXPECT_LT((found[window] - expected).abs().max().item<double>(),
              1e-10 * expected.abs().max().item<double>());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, BlockOfGraph, ::testing::Bool(), [](const auto& instance) {
  return instance.param ? "BetweenNodes" : "OnTheHiddenMesh";
});

TEST(Attend, HasTheDerivativesOfFiniteDifferences) {
  const mesh::Graph graph = make_graph(globe(), 1);
  const EdgeRounds rounds(graph.encoder, kCells, 42, kExact);
  at::manual_seed(4);
  const std::vector<std::vector<std::int64_t>> shapes{
      {2, 42, 3, 4}, {2, kCells, 3, 4}, {2, kCells, 3, 4}, {2, 42, 3, EdgeRounds::kFeatures}};
  std::vector<at::Tensor> inputs, directions;
  for (const auto& shape : shapes) {
    inputs.push_back(at::randn(shape, kExact));
    directions.push_back(at::randn(shape, kExact));
  }
  const at::Tensor of_values = at::randn(shapes[0], kExact), of_features = at::randn(shapes[3], kExact);
  const auto value_at = [&](double step, std::size_t moved, std::vector<at::Tensor> at) {
    at[moved] = at[moved] + step * directions[moved];
    const Attended sums = attend(at[0], at[1], at[2], at[3], rounds);
    return ((sums.values * of_values).sum() + (sums.features * of_features).sum());
  };
  for (std::size_t moved = 0; moved < inputs.size(); ++moved) {
    const double step = 1e-5;
    const double expected =
        (value_at(step, moved, inputs) - value_at(-step, moved, inputs)).item<double>() / (2 * step);
    std::vector<at::Tensor> leaves;
    for (const at::Tensor& input : inputs) leaves.push_back(input.detach().clone().requires_grad_());
    const auto gradients = torch::autograd::grad({value_at(0, moved, leaves)}, {leaves[moved]});
    EXPECT_NEAR((gradients[0] * directions[moved]).sum().item<double>(), expected, 1e-7 * std::abs(expected))
        << moved;
  }
}

TEST(Recomputed, HasTheBitsOfTheBlockItself) {
  const mesh::Graph graph = make_graph(globe(), 1);
  const EdgeRounds rounds(graph.decoder, 42, kCells, kExact);
  auto tensors = tensors_of(small());
  for (auto& [name, tensor] : tensors) tensor.requires_grad_();
  const TensorSource source = [&](const std::string& name, const auto&) { return tensors.at(name); };
  const GraphBlock block({source, source}, "decoder", 12, 3, true);
  at::manual_seed(6);
  const at::Tensor x = at::randn({2, kCells, 12}, kExact).requires_grad_(),
                   y = at::randn({2, 42, 12}, kExact).requires_grad_(),
                   condition = at::randn({1, 16}, kExact).requires_grad_();
  const at::Tensor direct = block(y, x, condition, rounds), again = block.recomputed(y, x, condition, rounds);
  EXPECT_TRUE(at::equal(again, direct));
  std::vector<at::Tensor> leaves{x, y, condition};
  for (const auto& [name, tensor] : tensors)
    if (name.starts_with("decoder")) leaves.push_back(tensor);
  const at::Tensor cotangent = at::randn_like(direct);
  const auto expected = torch::autograd::grad({direct}, leaves, {cotangent}),
             found = torch::autograd::grad({again}, leaves, {cotangent});
  for (std::size_t i = 0; i < leaves.size(); ++i) EXPECT_TRUE(at::equal(found[i], expected[i])) << i;
}

TEST(GraphTransformer, IsAsLargeAsAnemoisDownscaler) {
  // 68 variables, of which each comes beside its coarse field, and 13 forcings.
  const GraphTransformerArchitecture architecture{.window = 1,
                                                  .variables = 68,
                                                  .mesh_level = 6,
                                                  .width = 512,
                                                  .heads = 8,
                                                  .layers = 16,
                                                  .inputs = 2,
                                                  .extra_inputs = 13};
  EXPECT_NEAR(static_cast<double>(parameter_count(expected_tensors(architecture))) / 62.3e6, 1, 1e-3);
  // A block: five maps of the width, its MLP, two norms and the map of edges.
  const std::int64_t width = 512;
  std::int64_t block = 0;
  for (const auto& [name, shape] : expected_tensors(architecture))
    if (name.starts_with("processor.7."))
      block += std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  EXPECT_EQ(block, 5 * width * (width + 1) + width * 4 * (width + 1) + width * (4 * width + 1) +
                       2 * 2 * width * 17 + 4 * width);
}

TEST(GraphTransformer, DoesNotDependOnTheOrderOfCells) {
  const auto graph = graph_of_globe();
  at::manual_seed(8);
  const at::Tensor order = at::randperm(kCells);
  std::vector<mesh::Point> cells;
  for (std::int64_t i = 0; i < kCells; ++i)
    cells.push_back(graph->data[static_cast<std::size_t>(order[i].item<std::int64_t>())]);
  const auto tensors = tensors_of(small());
  const GraphTransformer network(small(), tensors, graph, kExact),
      shuffled(small(), tensors, std::make_shared<const mesh::Graph>(mesh::make_graph(cells, 1)), kExact);
  const at::Tensor x = at::randn({2, 6, 1, kCells}, kExact), t = at::full({1}, 0.3, kExact);
  EXPECT_TRUE(at::allclose(shuffled.forward(x.index_select(3, order), t),
                           network.forward(x, t).index_select(3, order), 1e-8, 1e-8));
  // Nor on whether cells are a list or rows.
  EXPECT_TRUE(at::equal(network.forward(x.reshape({2, 6, kRows, kColumns}), t).flatten(2),
                        network.forward(x, t).flatten(2)));
}

TEST(GraphTransformer, SeesTheHourAsTheSunHasIt) {
  // Twelve hours later all is the same, half a turn away, to a network that knows nothing else of places. The
  // mesh is the same after half a turn.
  const GraphTransformerArchitecture architecture = small(true);
  auto tensors = tensors_of(architecture);
  const std::int64_t fields = architecture.window_channels().input_channels();
  for (const char* name : {"data_in.weight", "data_out.weight"})
    tensors.at(name).narrow(1, fields, 4).zero_();
  for (const char* name : {"hidden_in.weight", "encoder.edge.weight", "decoder.edge.weight",
                           "processor.0.edge.weight", "processor.1.edge.weight"})
    tensors.at(name).zero_();
  GraphTransformer network(architecture, tensors, graph_of_globe(), kExact);
  const at::Tensor x = at::zeros({1, 6, kRows, kColumns}, kExact), t = at::full({1}, 0.3, kExact);
  const auto answer_at = [&](std::int64_t hour) {
    network.set_clock({calendar::Calendar::noleap, 0, 3600});
    at::Tensor labels = network.labels({hour});
    labels.narrow(1, 0, 2).zero_();  // the day of the year
    return network.forward(x, t, labels);
  };
  EXPECT_TRUE(at::allclose(answer_at(12), answer_at(0).roll(kColumns / 2, 3), 1e-8, 1e-8));
  EXPECT_FALSE(at::allclose(answer_at(12), answer_at(0), 1e-3, 1e-3));
}

TEST(GraphTransformer, RoundsProductsAloneInBf16) {
  const auto graph = graph_of_globe();
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : tensors_of(small())) tensors[name] = tensor.to(at::kFloat);
  const GraphTransformer exact(small(), tensors, graph, at::kFloat),
      rounded(small(), tensors, graph, at::kFloat, Precision::bf16);
  at::manual_seed(2);
  const at::Tensor x = at::randn({1, 6, kRows, kColumns}), t = at::full({1}, 0.3);
  const at::Tensor expected = exact.forward(x, t), found = rounded.forward(x, t);
  const double error = (found - expected).norm().item<double>() / expected.norm().item<double>();
  EXPECT_GT(error, 1e-5);
  EXPECT_LT(error, 0.03);
  EXPECT_TRUE(at::equal(exact.forward(x, t, {}, Precision::bf16), found));
  EXPECT_TRUE(rounded.tensors().empty());
}

TEST(GraphTransformer, RefusesArchitecturesFieldsAndTensorsThatDoNotFit) {
  const auto error_of = [](auto change) {
    GraphTransformerArchitecture architecture = small();
    change(architecture);
    return [architecture] { check_architecture(architecture); };
  };
  EXPECT_THAT(error_of([](auto& a) { a.window = 4; }),
              ThrowsMessage<core::Error>(HasSubstr("odd number, found 4")));
  EXPECT_THAT(error_of([](auto& a) { a.mesh_level = 11; }),
              ThrowsMessage<core::Error>(HasSubstr("mesh_level: expected 0 to 10, found 11")));
  EXPECT_THAT(error_of([](auto& a) { a.heads = 5; }),
              ThrowsMessage<core::Error>(HasSubstr("heads: expected a divisor of the width, 12, found 5")));
  EXPECT_THAT(error_of([](auto& a) { a.heads = 12; }), ThrowsMessage<core::Error>(HasSubstr("heads")));
  EXPECT_THAT(error_of([](auto& a) { a.layers = -1; }), ThrowsMessage<core::Error>(HasSubstr("layers")));
  const auto graph = graph_of_globe();
  auto tensors = tensors_of(small());
  GraphTransformer network(small(), tensors, graph, kExact);
  EXPECT_THAT(
      [&] {
        network.noise_estimate({at::zeros({1, 6, 4, 16}, kExact), {0}}, diffusion::Edm{}.at(0));
      },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("6 channels"), HasSubstr("128 cells"))));
  tensors.erase("processor.1.key.bias");
  EXPECT_THAT([&] { GraphTransformer(small(), tensors, graph, kExact); },
              ThrowsMessage<core::Error>(HasSubstr("'processor.1.key.bias' is missing")));
}

}  // namespace
}  // namespace foehn::model::graph_transformer_test

#include "foehn/model/graph_transformer.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/mesh/icosphere.hpp"
#include "model/architecture.hpp"
#include "model/graph_transformer_layers.hpp"
#include "model/shared_nodes.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kMostGraphLayers = 1000;

/// Carries out an order with the other ranks.
/// @param nodes  that ranks share out; null: this one has all
template <class Work>
at::Tensor together(const SharedNodes* nodes, const SharedNodes::Order& order, const Work& work) {
  if (nodes == nullptr || !nodes->is_first()) return work();
  nodes->tell(order);
  const at::Tensor result = work();
  nodes->finished();
  return result;
}

}  // namespace

/// The layers, and where they compute.
struct GraphTransformer::Computation {
  GraphTransformerLayers layers;
  std::shared_ptr<const mesh::Graph> graph;  // until there are nodes
  std::optional<GraphTransformerLayers::Nodes> nodes;

  const GraphTransformerLayers::Nodes& all_nodes(const at::TensorOptions& options) {
    if (!nodes) nodes.emplace(*std::exchange(graph, nullptr), options);
    return *nodes;
  }
};

void check_architecture(const GraphTransformerArchitecture& architecture) {
  check_range("window", architecture.window, 1, kWidest);
  if (architecture.window % 2 == 0)
    throw core::Error(
        fmt::format("architecture: window: expected an odd number, found {}", architecture.window));
  check_range("number of variables", architecture.variables, 1, kWidest);
  check_range("inputs", architecture.inputs, 1, 2);
  check_range("extra_inputs", architecture.extra_inputs, 0, kWidest);
  check_range("mesh_level", architecture.mesh_level, 0, mesh::kFinestLevel);
  check_range("width", architecture.width, 2, kWidest);
  check_range("heads", architecture.heads, 1, architecture.width / 2);
  check_range("layers", architecture.layers, 0, kMostGraphLayers);
  if (architecture.width % architecture.heads != 0)
    throw core::Error(fmt::format("architecture: heads: expected a divisor of the width, {}, found {}",
                                  architecture.width, architecture.heads));
}

TensorShapes expected_tensors(const GraphTransformerArchitecture& architecture) {
  check_architecture(architecture);
  return shapes_asked_for([&](const TensorSource& source) {
    GraphTransformerLayers(architecture, {source, source});
  });
}

std::int64_t window_flops(const GraphTransformerArchitecture& architecture, std::int64_t cells) {
  const std::int64_t hidden = 10 * (std::int64_t{1} << (2 * architecture.mesh_level)) + 2;
  std::int64_t products = 0;
  for (const auto& [name, shape] : expected_tensors(architecture)) {
    if (shape.size() != 2 || name.starts_with("noise") || name.find("norm") != std::string::npos) continue;
    const bool of_sources = name.ends_with(".key.weight") || name.ends_with(".value.weight");
    const bool of_data = name.starts_with("data") || name.starts_with("last") ||
                         name.starts_with(of_sources ? "encoder" : "decoder");
    products += shape[0] * shape[1] * (of_data ? cells : hidden);
  }
  return 2 * products;
}

mesh::Graph make_graph(const grid::Grid& grid, std::int64_t mesh_level) {
  const grid::Geographic places = grid::geographic_coordinates(grid);
  std::vector<mesh::Point> cells;
  for (std::size_t i = 0; i < places.latitude.size(); ++i)
    cells.push_back(mesh::on_sphere(places.latitude[i], places.longitude[i]));
  return mesh::make_graph(std::move(cells), mesh_level);
}

GraphTransformer::GraphTransformer(const GraphTransformerArchitecture& architecture,
                                   const std::map<std::string, at::Tensor>& tensors,
                                   std::shared_ptr<const mesh::Graph> graph,
                                   const at::TensorOptions& tensor_options, Precision asked)
    : Network(architecture.window_channels(), tensor_options, asked),
      architecture_(architecture),
      cells_(static_cast<std::int64_t>(graph->data.size())) {
  TensorShapes shapes;
  for (const auto& [name, tensor] : tensors) shapes[name] = tensor.sizes().vec();
  check_tensors(expected_tensors(architecture), shapes);
  for (const auto& [name, tensor] : tensors) own_tensors()[name] = tensor.to(tensor_options).contiguous();
  computation_ = std::make_unique<Computation>(Computation{layers_in(asked), std::move(graph), {}});
  if (asked == Precision::bf16) own_tensors().clear();  // the layers have rounded ones of their own
}

GraphTransformer::~GraphTransformer() = default;

GraphTransformerLayers GraphTransformer::layers_in(Precision asked) const {
  const TensorSource exact = [this](const std::string& name, const auto&) { return tensors().at(name); };
  if (asked != Precision::bf16) return {architecture_, {exact, exact}};
  return {architecture_, {exact, [this](const std::string& name, const auto&) {
                            return tensors().at(name).to(at::kBFloat16);
                          }}};
}

void GraphTransformer::share(comm::Transport& transport) {
  if (!computation_->graph) throw core::Error("a graph transformer that has computed shares out no cells");
  computation_->nodes.emplace(*std::exchange(computation_->graph, nullptr), options(), transport);
  shared_ = std::make_unique<const SharedNodes>(transport, computation_->nodes->data_tiles.band(),
                                                options().device());
}

void GraphTransformer::serve() {
  for (auto order = shared_->hear(); order.task != SharedNodes::Task::none; order = shared_->hear()) {
    if (order.task == SharedNodes::Task::estimate)
      Network::noise_estimate(order.noisy, order.level);
    else
      Network::noise_vjp(order.noisy, order.level, order.cotangent);
  }
}

void GraphTransformer::release() {
  shared_->tell({});
}

at::Tensor GraphTransformer::noise_estimate(const diffusion::Windows& noisy,
                                            const diffusion::NoiseLevel& level) {
  check_shape(noisy.fields);
  return together(shared_.get(), {SharedNodes::Task::estimate, noisy, level, {}},
                  [&] { return Network::noise_estimate(noisy, level); });
}

at::Tensor GraphTransformer::noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                                       const at::Tensor& cotangent) {
  check_shape(noisy.fields);
  return together(shared_.get(), {SharedNodes::Task::product, noisy, level, cotangent},
                  [&] { return Network::noise_vjp(noisy, level, cotangent); });
}

void GraphTransformer::check_shape(const at::Tensor& noisy) const {
  if (noisy.dim() != 4 || noisy.size(1) != channels().given_channels() ||
      noisy.size(2) * noisy.size(3) != cells_)
    throw core::Error(fmt::format(
        "the graph transformer expects windows of {} channels (hour, variable) on {} cells, found {}",
        channels().given_channels(), cells_, describe_shape(noisy.sizes().vec())));
}

at::Tensor GraphTransformer::compute(const at::Tensor& complete, const at::Tensor& t,
                                     const at::Tensor& labels, Precision asked,
                                     const Dropout* dropout) const {
  if (dropout != nullptr && dropout->part > 0) throw core::Error("a graph transformer has no dropout");
  const at::Tensor all = complete.flatten(2).transpose(1, 2).contiguous();
  const at::Tensor cells = shared_ ? shared_->own(all) : all;
  const auto with = [&](const GraphTransformerLayers& layers) {
    return layers(cells, t, labels, computation_->all_nodes(options()));
  };
  const at::Tensor own = asked == precision() ? with(computation_->layers) : with(layers_in(asked));
  const at::Tensor answer = shared_ ? shared_->all(own) : own;
  return answer.transpose(1, 2).unflatten(2, at::IntArrayRef{complete.size(2), complete.size(3)});
}

}  // namespace foehn::model

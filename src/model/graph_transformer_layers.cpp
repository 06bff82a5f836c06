#include "model/graph_transformer_layers.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <utility>

#include "model/recomputed.hpp"

namespace foehn::model {

namespace {

constexpr double kGraphNormEpsilon = 1e-5;
constexpr std::int64_t kNoiseFrequencies = 16;
constexpr double kLongestNoisePeriod = 1000;
constexpr std::int64_t kConditions = 16;  // numbers that say what the noise level is
constexpr std::int64_t kPlaces = 4;       // numbers that say where a node is
constexpr std::int64_t kHiddenOfMlp = 4;  // times the width

/// Notes what a layer asks for on the way.
TensorSource noting(const TensorSource& source, std::vector<at::Tensor>& parameters) {
  return [&source, &parameters](const std::string& name, const std::vector<std::int64_t>& shape) {
    return parameters.emplace_back(source(name, shape));
  };
}

NodeBands band_of(const std::vector<mesh::Point>& nodes, const comm::Transport& transport,
                  std::int64_t least_tile) {
  return {static_cast<std::int64_t>(nodes.size()), transport.ranks().rank(), transport.ranks().size(),
          least_tile};
}

/// Sines and cosines of latitude and longitude of a band, [node, kPlaces].
at::Tensor places_of(const std::vector<mesh::Point>& nodes, const NodeBands& band) {
  at::Tensor places = at::empty({static_cast<std::int64_t>(nodes.size()), kPlaces}, at::kDouble);
  auto at = places.accessor<double, 2>();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& [x, y, z] = nodes[i];
    const double from_axis = std::hypot(x, y), longitude = std::atan2(y, x);
    const double values[kPlaces] = {z, from_axis, std::sin(longitude), std::cos(longitude)};
    for (std::int64_t k = 0; k < kPlaces; ++k) at[static_cast<std::int64_t>(i)][k] = values[k];
  }
  return places.narrow(0, band.first(), band.size());
}

/// What cells know of the date, [window, cell, kDateLabels]: sine and cosine of the year's angle, and of the
/// day's by the sun, which is the longitude ahead of that at 0 E.
/// @param labels     as of date_labels
/// @param longitude  sine and cosine, [2, cell]
at::Tensor local_dates(const at::Tensor& labels, const at::Tensor& longitude) {
  const auto cells = longitude.size(1);
  const auto of_all = [&](std::int64_t label) { return labels.narrow(1, label, 1).expand({-1, cells}); };
  const at::Tensor sine = labels.narrow(1, 2, 1), cosine = labels.narrow(1, 3, 1);
  return at::stack({of_all(0), of_all(1), sine * longitude[1] + cosine * longitude[0],
                    cosine * longitude[1] - sine * longitude[0]},
                   2);
}

at::Tensor layer_norm(const at::Tensor& x, const at::Tensor& weight = {}, const at::Tensor& bias = {}) {
  return at::layer_norm(x, {x.size(-1)}, weight, bias, kGraphNormEpsilon);
}

/// As Linear says.
at::Tensor mapped(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (weight.scalar_type() == x.scalar_type()) return at::linear(x, weight, bias);
  const at::Tensor factor = x.to(weight.scalar_type());
  if (!x.is_cpu()) return at::linear(factor, weight, bias).to(x.scalar_type());
  // LibTorch may add in bf16 on processors without products of bf16.
  return at::linear(factor.to(x.scalar_type()), weight.to(x.scalar_type()), bias.to(x.scalar_type()));
}

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const {
  return mapped(x, parameters_.weight, parameters_.bias);
}

at::Tensor Linear::operator()(const at::Tensor& x, const Tiles& tiles) const {
  return by_tile(tiles, {x}, {parameters_.weight, parameters_.bias},
                 [](const std::vector<at::Tensor>& tile, const std::vector<at::Tensor>& own) {
                   return mapped(tile[0], own[0], own[1]);
                 });
}

ConditionalNorm::ConditionalNorm(const TensorSource& source, const std::string& name, std::int64_t width)
    : scale_(source, name + ".scale", kConditions, width),
      shift_(source, name + ".shift", kConditions, width) {}

at::Tensor ConditionalNorm::operator()(const at::Tensor& x, const at::Tensor& condition) const {
  const at::Tensor scale = (scale_(condition) + 1).unsqueeze(1), shift = shift_(condition).unsqueeze(1);
  return layer_norm(x) * scale + shift;
}

NoiseCondition::NoiseCondition(const TensorSource& source)
    : first_(source, "noise.0", 2 * kNoiseFrequencies, 2 * kNoiseFrequencies),
      second_(source, "noise.1", 2 * kNoiseFrequencies, kConditions) {}

at::Tensor NoiseCondition::operator()(const at::Tensor& t) const {
  const at::Tensor exponents =
      at::arange(kNoiseFrequencies, t.options().dtype(at::kDouble)) / -static_cast<double>(kNoiseFrequencies);
  const at::Tensor angles = at::outer(t.to(at::kDouble), at::pow(kLongestNoisePeriod, exponents));
  const at::Tensor features = at::cat({angles.sin(), angles.cos()}, 1);
  return second_(at::silu(first_(features.to(first_.parameters().weight.scalar_type()))));
}

GraphBlock::GraphBlock(const Sources& sources, const std::string& name, std::int64_t width,
                       std::int64_t heads, bool between)
    : width_(width),
      heads_(heads),
      destination_norm_(noting(sources.exact, parameters_), name + ".norm", width),
      mlp_norm_(noting(sources.exact, parameters_), name + ".mlp_norm", width),
      query_(noting(sources.rounded, parameters_), name + ".query", width, width),
      key_(noting(sources.rounded, parameters_), name + ".key", width, width),
      value_(noting(sources.rounded, parameters_), name + ".value", width, width),
      own_(noting(sources.rounded, parameters_), name + ".own", width, width),
      edge_(noting(sources.exact, parameters_), name + ".edge", mesh::kEdgeFeatures, width),
      out_(noting(sources.rounded, parameters_), name + ".out", width, width),
      mlp_first_(noting(sources.rounded, parameters_), name + ".mlp.0", width, kHiddenOfMlp * width),
      mlp_second_(noting(sources.rounded, parameters_), name + ".mlp.1", kHiddenOfMlp * width, width) {
  if (!between) return;
  const TensorSource source = noting(sources.exact, parameters_);
  source_norm_.emplace(source, name + ".source_norm", width);
  const std::vector<std::int64_t> shape{width / heads};
  head_norm_ = HeadNorm{Parameters(source, name + ".query_norm", shape),
                        Parameters(source, name + ".key_norm", shape)};
}

at::Tensor GraphBlock::in_heads(const at::Tensor& x) const {
  return x.unflatten(-1, at::IntArrayRef{heads_, -1});
}

at::Tensor GraphBlock::edge_map() const {
  const Parameters& edge = edge_.parameters();
  return at::cat({edge.weight, edge.bias.unsqueeze(1)}, 1).unflatten(0, at::IntArrayRef{heads_, -1});
}

GraphBlock GraphBlock::with(const std::vector<at::Tensor>& parameters) const {
  std::size_t next = 0;
  const TensorSource in_order = [&](const std::string&, const auto&) { return parameters[next++]; };
  return {{in_order, in_order}, "", width_, heads_, source_norm_.has_value()};
}

template <class Work>
at::Tensor GraphBlock::on_tiles(const Tiles& tiles, const std::vector<at::Tensor>& nodes,
                                const at::Tensor& condition, const Work& work) const {
  std::vector<at::Tensor> shared = parameters_;
  shared.push_back(condition);
  return by_tile(tiles, nodes, shared,
                 [&](const std::vector<at::Tensor>& tile, const std::vector<at::Tensor>& own) {
                   const bool are_shared = own.front().is_same(shared.front());
                   return are_shared ? work(tile, *this, condition) : work(tile, with(own), own.back());
                 });
}

at::Tensor GraphBlock::offered(const at::Tensor& source, const at::Tensor& condition,
                               const EdgeRounds& rounds) const {
  return on_tiles(rounds.source_tiles, {source}, condition,
                  [](const std::vector<at::Tensor>& tile, const GraphBlock& block, const at::Tensor& c) {
                    const at::Tensor normed =
                        (block.source_norm_ ? *block.source_norm_ : block.destination_norm_)(tile[0], c);
                    at::Tensor key = block.in_heads(block.key_(normed));
                    if (block.head_norm_)
                      key = layer_norm(key, block.head_norm_->key.weight, block.head_norm_->key.bias);
                    return at::stack({key, block.in_heads(block.value_(normed))}, 2);
                  });
}

at::Tensor GraphBlock::asked(const at::Tensor& destination, const at::Tensor& condition,
                             const EdgeRounds& rounds) const {
  return on_tiles(rounds.tiles, {destination}, condition,
                  [](const std::vector<at::Tensor>& tile, const GraphBlock& block, const at::Tensor& c) {
                    at::Tensor query = block.in_heads(block.query_(block.destination_norm_(tile[0], c)));
                    if (block.head_norm_)
                      query = layer_norm(query, block.head_norm_->query.weight, block.head_norm_->query.bias);
                    return at::cat({query, at::einsum("wnhc,hcf->wnhf", {query, block.edge_map()})}, 3);
                  });
}

at::Tensor GraphBlock::operator()(const at::Tensor& source, const at::Tensor& destination,
                                  const at::Tensor& condition, const EdgeRounds& rounds) const {
  const at::Tensor sent = offered(source, condition, rounds), asks = asked(destination, condition, rounds);
  const std::int64_t channels = sent.size(4);
  const Attended sums = attend(asks.narrow(3, 0, channels).contiguous(), sent.select(2, 0).contiguous(),
                               sent.select(2, 1).contiguous(),
                               asks.narrow(3, channels, EdgeRounds::kFeatures).contiguous(), rounds);
  return on_tiles(rounds.tiles, {destination, sums.values, sums.features}, condition,
                  [](const std::vector<at::Tensor>& tile, const GraphBlock& block, const at::Tensor& c) {
                    const at::Tensor of_edges = at::einsum("wnhf,hcf->wnhc", {tile[2], block.edge_map()});
                    const at::Tensor own = block.own_(block.destination_norm_(tile[0], c));
                    const at::Tensor x = tile[0] + block.out_((tile[1] + of_edges).flatten(2) + own);
                    return x + block.mlp_second_(at::gelu(block.mlp_first_(block.mlp_norm_(x, c))));
                  });
}

at::Tensor GraphBlock::recomputed(const at::Tensor& source, const at::Tensor& destination,
                                  const at::Tensor& condition, const EdgeRounds& rounds) const {
  // A copy, which shares its tensors: the gradient may be asked for when this is gone.
  const auto body = [block = *this, &rounds](const std::vector<at::Tensor>& values) {
    return block(values.size() > 2 ? values[2] : values[0], values[0], values[1], rounds);
  };
  std::vector<at::Tensor> values{destination, condition};
  if (source_norm_) values.push_back(source);
  return model::recomputed(body, values, parameters_);
}

GraphTransformerLayers::GraphTransformerLayers(const GraphTransformerArchitecture& architecture,
                                               const Sources& sources)
    : noise_(sources.exact),
      data_in_(
          sources.exact, "data_in",
          architecture.window_channels().input_channels() + kPlaces + (architecture.dates ? kDateLabels : 0),
          architecture.width),
      hidden_in_(sources.exact, "hidden_in", kPlaces, architecture.width),
      data_out_(
          sources.exact, "data_out",
          architecture.window_channels().input_channels() + kPlaces + (architecture.dates ? kDateLabels : 0),
          architecture.width),
      encoder_(sources, "encoder", architecture.width, architecture.heads, true),
      decoder_(sources, "decoder", architecture.width, architecture.heads, true),
      last_norm_(sources.exact, "last_norm", {architecture.width}),
      last_(sources.exact, "last", architecture.width, architecture.window_channels().channels()) {
  for (std::int64_t i = 0; i < architecture.layers; ++i)
    processor_.emplace_back(sources, "processor." + std::to_string(i), architecture.width, architecture.heads,
                            false);
}

GraphTransformerLayers::Nodes::Nodes(const mesh::Graph& graph, const at::TensorOptions& options)
    : Nodes(graph, options, static_cast<std::int64_t>(graph.data.size()),
            static_cast<std::int64_t>(graph.hidden.size()), nullptr) {}

GraphTransformerLayers::Nodes::Nodes(const mesh::Graph& graph, const at::TensorOptions& options,
                                     comm::Transport& transport, std::int64_t least_tile)
    : Nodes(graph, options, band_of(graph.data, transport, least_tile),
            band_of(graph.hidden, transport, least_tile), &transport) {}

GraphTransformerLayers::Nodes::Nodes(const mesh::Graph& graph, const at::TensorOptions& options,
                                     NodeBands of_data, NodeBands of_hidden, comm::Transport* transport)
    : data_tiles(std::move(of_data), transport),
      hidden_tiles(std::move(of_hidden), transport),
      data(places_of(graph.data, data_tiles.band()).to(options)),
      hidden(places_of(graph.hidden, hidden_tiles.band()).to(options)),
      longitude(data.narrow(1, 2, 2).t().contiguous()),
      encoder(graph.encoder, data_tiles.band(), hidden_tiles.band(), options, transport),
      processor(graph.processor, hidden_tiles.band(), hidden_tiles.band(), options, transport),
      decoder(graph.decoder, hidden_tiles.band(), data_tiles.band(), options, transport) {}

at::Tensor GraphTransformerLayers::operator()(const at::Tensor& cells, const at::Tensor& t,
                                              const at::Tensor& labels, const Nodes& nodes) const {
  const auto of_all_windows = [&](const at::Tensor& x) {
    return x.unsqueeze(0).expand({cells.size(0), -1, -1});
  };
  std::vector<at::Tensor> known{cells, of_all_windows(nodes.data)};
  if (labels.defined()) known.push_back(local_dates(labels, nodes.longitude));
  const at::Tensor data = at::cat(known, 2), condition = noise_(t);
  const at::Tensor encoded = encoder_.recomputed(data_in_(data, nodes.data_tiles),
                                                 hidden_in_(of_all_windows(nodes.hidden), nodes.hidden_tiles),
                                                 condition, nodes.encoder);
  at::Tensor hidden = encoded;
  for (const GraphBlock& block : processor_)
    hidden = block.recomputed(hidden, hidden, condition, nodes.processor);
  const at::Tensor decoded =
      decoder_.recomputed(hidden + encoded, data_out_(data, nodes.data_tiles), condition, nodes.decoder);
  const Parameters& last = last_.parameters();
  return by_tile(nodes.data_tiles, {decoded}, {last_norm_.weight, last_norm_.bias, last.weight, last.bias},
                 [](const std::vector<at::Tensor>& tile, const std::vector<at::Tensor>& own) {
                   return mapped(layer_norm(tile[0], own[0], own[1]), own[2], own[3]);
                 });
}

}  // namespace foehn::model

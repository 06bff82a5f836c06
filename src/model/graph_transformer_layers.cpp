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

}  // namespace

at::Tensor Linear::operator()(const at::Tensor& x) const {
  const at::Tensor& weight = parameters_.weight;
  if (weight.scalar_type() == x.scalar_type()) return at::linear(x, weight, parameters_.bias);
  const at::Tensor factor = x.to(weight.scalar_type());
  if (!x.is_cpu()) return at::linear(factor, weight, parameters_.bias).to(x.scalar_type());
  // LibTorch may add in bf16 on processors without products of bf16.
  return at::linear(factor.to(x.scalar_type()), weight.to(x.scalar_type()),
                    parameters_.bias.to(x.scalar_type()));
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
    : heads_(heads),
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

at::Tensor GraphBlock::offered(const at::Tensor& source, const at::Tensor& condition,
                               const EdgeRounds& rounds) const {
  const ConditionalNorm& norm = source_norm_ ? *source_norm_ : destination_norm_;
  return by_tile(rounds.source_tiles, {source}, [&](const std::vector<at::Tensor>& tile) {
    const at::Tensor normed = norm(tile[0], condition);
    at::Tensor key = in_heads(key_(normed));
    if (head_norm_) key = layer_norm(key, head_norm_->key.weight, head_norm_->key.bias);
    return at::stack({key, in_heads(value_(normed))}, 2);
  });
}

at::Tensor GraphBlock::asked(const at::Tensor& destination, const at::Tensor& condition,
                             const EdgeRounds& rounds) const {
  const at::Tensor map = edge_map();
  return by_tile(rounds.tiles, {destination}, [&](const std::vector<at::Tensor>& tile) {
    at::Tensor query = in_heads(query_(destination_norm_(tile[0], condition)));
    if (head_norm_) query = layer_norm(query, head_norm_->query.weight, head_norm_->query.bias);
    return at::cat({query, at::einsum("wnhc,hcf->wnhf", {query, map})}, 3);
  });
}

at::Tensor GraphBlock::operator()(const at::Tensor& source, const at::Tensor& destination,
                                  const at::Tensor& condition, const EdgeRounds& rounds) const {
  const at::Tensor sent = offered(source, condition, rounds), asks = asked(destination, condition, rounds),
                   map = edge_map();
  const std::int64_t channels = sent.size(4);
  const Attended sums = attend(asks.narrow(3, 0, channels).contiguous(), sent.select(2, 0).contiguous(),
                               sent.select(2, 1).contiguous(),
                               asks.narrow(3, channels, EdgeRounds::kFeatures).contiguous(), rounds);
  return by_tile(
      rounds.tiles, {destination, sums.values, sums.features}, [&](const std::vector<at::Tensor>& tile) {
        const at::Tensor attended = (tile[1] + at::einsum("wnhf,hcf->wnhc", {tile[2], map})).flatten(2);
        const at::Tensor x = tile[0] + out_(attended + own_(destination_norm_(tile[0], condition)));
        return x + mlp_second_(at::gelu(mlp_first_(mlp_norm_(x, condition))));
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
    : data_band(std::move(of_data)),
      hidden_band(std::move(of_hidden)),
      data(places_of(graph.data, data_band).to(options)),
      hidden(places_of(graph.hidden, hidden_band).to(options)),
      longitude(data.narrow(1, 2, 2).t().contiguous()),
      encoder(graph.encoder, data_band, hidden_band, options, transport),
      processor(graph.processor, hidden_band, hidden_band, options, transport),
      decoder(graph.decoder, hidden_band, data_band, options, transport) {}

at::Tensor GraphTransformerLayers::operator()(const at::Tensor& cells, const at::Tensor& t,
                                              const at::Tensor& labels, const Nodes& nodes) const {
  const auto of_all_windows = [&](const at::Tensor& x) {
    return x.unsqueeze(0).expand({cells.size(0), -1, -1});
  };
  const auto mapped = [](const Linear& map, const at::Tensor& x, const NodeBands& band) {
    return by_tile(band.tiles(), {x}, [&](const std::vector<at::Tensor>& tile) { return map(tile[0]); });
  };
  std::vector<at::Tensor> known{cells, of_all_windows(nodes.data)};
  if (labels.defined()) known.push_back(local_dates(labels, nodes.longitude));
  const at::Tensor data = at::cat(known, 2), condition = noise_(t);
  const at::Tensor encoded = encoder_.recomputed(
      mapped(data_in_, data, nodes.data_band),
      mapped(hidden_in_, of_all_windows(nodes.hidden), nodes.hidden_band), condition, nodes.encoder);
  at::Tensor hidden = encoded;
  for (const GraphBlock& block : processor_)
    hidden = block.recomputed(hidden, hidden, condition, nodes.processor);
  const at::Tensor decoded = decoder_.recomputed(hidden + encoded, mapped(data_out_, data, nodes.data_band),
                                                 condition, nodes.decoder);
  return by_tile(nodes.data_band.tiles(), {decoded}, [&](const std::vector<at::Tensor>& tile) {
    return last_(layer_norm(tile[0], last_norm_.weight, last_norm_.bias));
  });
}

}  // namespace foehn::model

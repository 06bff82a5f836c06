#include "model/edge_attention.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "model/kept_pointer.hpp"

namespace foehn::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// How often each number below `count` occurs before each place of a list: which round an edge belongs to.
std::vector<std::int64_t> occurrences(const std::vector<std::int64_t>& numbers, std::int64_t count) {
  std::vector<std::int64_t> so_far(static_cast<std::size_t>(count), 0), result;
  result.reserve(numbers.size());
  for (const std::int64_t number : numbers) result.push_back(so_far[static_cast<std::size_t>(number)]++);
  return result;
}

std::int64_t rounds_of(const std::vector<std::int64_t>& occurrences) {
  return occurrences.empty() ? 0 : *std::max_element(occurrences.begin(), occurrences.end()) + 1;
}

/// sum over the last dimension of a * b.
at::Tensor inner_products(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum(-1);
}

/// Terms of the edges, [window, round, destination, head], and after them zeros, as one list to choose from
/// by EdgeRounds::place.
at::Tensor listed(const at::Tensor& terms) {
  const at::Tensor zeros = at::zeros({terms.size(0), 1, terms.size(3)}, terms.options());
  return at::cat({terms.flatten(1, 2), zeros}, 1);
}

/// Gathers nodes, [window, node, ...].
at::Tensor gathered(const std::shared_ptr<const comm::RowExchange>& exchange, const at::Tensor& nodes) {
  if (!exchange) return nodes;
  return exchange->exchange(nodes.transpose(0, 1).contiguous()).transpose(0, 1);
}

/// What gradients of sources need of a destination.
struct OfDestinations {
  at::Tensor query, of_values;  // [window, destination, head, channel]
  at::Tensor alpha, terms;      // [window, round, destination, head]

  OfDestinations gather(const EdgeRounds& rounds) const {
    if (!rounds.from_destinations) return *this;
    const auto heads = query.size(2), channels = query.size(3), count = alpha.size(1);
    const auto by_destination = [](const at::Tensor& edges) { return edges.transpose(1, 2).flatten(2); };
    const at::Tensor all = gathered(
        rounds.from_destinations,
        at::cat({query.flatten(2), of_values.flatten(2), by_destination(alpha), by_destination(terms)}, 2));
    const auto nodes = [&](std::int64_t i) {
      return all.narrow(2, i * heads * channels, heads * channels)
          .unflatten(2, at::IntArrayRef{heads, channels});
    };
    const auto edges = [&](std::int64_t i) {
      return all.narrow(2, 2 * heads * channels + i * count * heads, count * heads)
          .unflatten(2, at::IntArrayRef{count, heads})
          .transpose(1, 2);
    };
    return {nodes(0), nodes(1), edges(0), edges(1)};
  }
};

constexpr const char* kRounds = "rounds";

/// One tile of destinations.
struct Tile {
  std::int64_t first, size;
  at::Tensor of_nodes(const at::Tensor& nodes) const { return nodes.narrow(1, first, size); }
  at::Tensor of_edges(const at::Tensor& edges) const { return edges.narrow(2, first, size); }
};

std::vector<Tile> tiles_of(const EdgeRounds& rounds) {
  std::vector<Tile> tiles;
  std::int64_t first = 0;
  for (const std::int64_t size : rounds.tiles.sizes()) {
    tiles.push_back({first, size});
    first += size;
  }
  return tiles;
}

class EdgeAttention : public torch::autograd::Function<EdgeAttention> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& query, const at::Tensor& own_key,
                               const at::Tensor& own_value, const at::Tensor& edge_query,
                               const EdgeRounds* rounds) {
    const at::Tensor key = gathered(rounds->from_sources, own_key),
                     value = gathered(rounds->from_sources, own_value);
    const std::int64_t count = rounds->source.size(0);
    const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));
    const at::Tensor alpha = at::empty({query.size(0), count, query.size(1), query.size(2)}, query.options());
    const at::Tensor values = at::zeros_like(query, at::MemoryFormat::Contiguous);
    const at::Tensor features = at::zeros_like(edge_query, at::MemoryFormat::Contiguous);
    for (const Tile& tile : tiles_of(*rounds)) {
      const at::Tensor asked = tile.of_nodes(query), asked_of_edges = tile.of_nodes(edge_query),
                       source = tile.of_nodes(rounds->source), known = tile.of_nodes(rounds->features);
      at::Tensor scores = at::empty({query.size(0), count, tile.size, query.size(2)}, query.options());
      for (std::int64_t s = 0; s < count; ++s)
        scores.select(1, s).copy_((inner_products(asked, key.index_select(1, source[s])) +
                                   inner_products(asked_of_edges, known[s].unsqueeze(1)))
                                      .mul_(scale));
      scores.masked_fill_(tile.of_nodes(rounds->is_absent).unsqueeze(2),
                          -std::numeric_limits<double>::infinity());
      const at::Tensor weights = at::softmax(scores, 1);
      tile.of_edges(alpha).copy_(weights);
      at::Tensor sum = tile.of_nodes(values), sum_of_features = tile.of_nodes(features);
      for (std::int64_t s = 0; s < count; ++s) {
        const at::Tensor weight = weights.select(1, s).unsqueeze(3);
        sum.add_(weight * value.index_select(1, source[s]));
        sum_of_features.add_(weight * known[s].unsqueeze(1));
      }
    }
    context->saved_data[kRounds] = kept(*rounds);
    context->save_for_backward({query, key, value, alpha});
    return {values, features};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto& rounds = kept_in<EdgeRounds>(context->saved_data[kRounds]);
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &query = saved[0], &key = saved[1], &value = saved[2], &alpha = saved[3];
    const at::Tensor of_values = gradients[0].contiguous(), of_features = gradients[1].contiguous();
    const std::int64_t count = rounds.source.size(0);
    const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));

    const at::Tensor terms = at::empty_like(alpha);
    const at::Tensor of_query = at::zeros_like(query, at::MemoryFormat::Contiguous);
    const at::Tensor of_edge_query = at::zeros_like(of_features);
    for (const Tile& tile : tiles_of(rounds)) {
      const at::Tensor source = tile.of_nodes(rounds.source), known = tile.of_nodes(rounds.features),
                       weights = tile.of_edges(alpha), values = tile.of_nodes(of_values),
                       features = tile.of_nodes(of_features);
      // Of the weights, and from them, by the derivative of the softmax, of the scores.
      at::Tensor of_scores = at::empty(weights.sizes(), weights.options());
      for (std::int64_t s = 0; s < count; ++s)
        of_scores.select(1, s).copy_(inner_products(values, value.index_select(1, source[s])) +
                                     inner_products(features, known[s].unsqueeze(1)));
      of_scores = (of_scores - (weights * of_scores).sum(1, true)).mul_(weights).mul_(scale);
      tile.of_edges(terms).copy_(of_scores);
      at::Tensor sum = tile.of_nodes(of_query), sum_of_edges = tile.of_nodes(of_edge_query);
      for (std::int64_t s = 0; s < count; ++s) {
        const at::Tensor weight = of_scores.select(1, s).unsqueeze(3);
        sum.add_(weight * key.index_select(1, source[s]));
        sum_of_edges.add_(weight * known[s].unsqueeze(1));
      }
    }

    const OfDestinations far = OfDestinations{query, of_values, alpha, terms}.gather(rounds);
    const at::Tensor all_terms = listed(far.terms), all_weights = listed(far.alpha);
    const std::vector<std::int64_t> sizes{query.size(0), rounds.destination.size(1), query.size(2),
                                          query.size(3)};
    at::Tensor of_key = at::zeros(sizes, query.options()), of_value = at::zeros(sizes, query.options());
    for (std::int64_t s = 0; s < rounds.destination.size(0); ++s) {
      const at::Tensor place = rounds.place[s], destination = rounds.destination[s];
      of_key.add_(all_terms.index_select(1, place).unsqueeze(3) * far.query.index_select(1, destination));
      of_value.add_(all_weights.index_select(1, place).unsqueeze(3) *
                    far.of_values.index_select(1, destination));
    }
    return {of_query, of_key, of_value, of_edge_query, at::Tensor()};
  }
};

/// Nodes that each rank wants, rising.
using Wanted = std::vector<std::vector<std::int64_t>>;

/// Of the nodes at one end of edges, those that the ranks want which have the other end.
Wanted wanted_nodes(const std::vector<std::int64_t>& nodes, const std::vector<std::int64_t>& others,
                    const NodeBands& of_others) {
  Wanted wanted(static_cast<std::size_t>(of_others.ranks()));
  for (std::size_t edge = 0; edge < nodes.size(); ++edge)
    wanted[static_cast<std::size_t>(of_others.rank_of(others[edge]))].push_back(nodes[edge]);
  for (std::vector<std::int64_t>& of_rank : wanted) {
    std::sort(of_rank.begin(), of_rank.end());
    of_rank.erase(std::unique(of_rank.begin(), of_rank.end()), of_rank.end());
  }
  return wanted;
}

/// Where nodes are among those that a rank has gathered.
class Gathering {
 public:
  /// @param nodes   at one end of edges, shared out as `bands` says
  /// @param others  at the other end
  Gathering(const std::vector<std::int64_t>& nodes, const NodeBands& bands,
            const std::vector<std::int64_t>& others, const NodeBands& of_others, comm::Transport* transport)
      : count_(bands.nodes()) {
    if (transport == nullptr) return;
    const Wanted wanted = wanted_nodes(nodes, others, of_others);
    const auto& mine = wanted[static_cast<std::size_t>(transport->ranks().rank())];
    count_ = static_cast<std::int64_t>(mine.size());
    place_.resize(static_cast<std::size_t>(bands.nodes()));
    for (std::size_t i = 0; i < mine.size(); ++i)
      place_[static_cast<std::size_t>(mine[i])] = static_cast<std::int64_t>(i);
    exchange_ = std::make_shared<const comm::RowExchange>(*transport, bands.all(), wanted, "nodes");
  }
  std::int64_t count() const { return count_; }
  std::int64_t place_of(std::int64_t node) const {
    return exchange_ ? place_[static_cast<std::size_t>(node)] : node;
  }
  const std::shared_ptr<const comm::RowExchange>& exchange() const { return exchange_; }

 private:
  std::int64_t count_;
  std::vector<std::int64_t> place_;  // [node]
  std::shared_ptr<const comm::RowExchange> exchange_;
};

}  // namespace

EdgeRounds::EdgeRounds(const mesh::Layer& layer, const NodeBands& sources, const NodeBands& destinations,
                       const at::TensorOptions& options, comm::Transport* transport)
    : source_tiles(sources, transport), tiles(destinations, transport) {
  const mesh::EdgeList& edges = layer.edges;
  const Gathering of_sources(edges.source, sources, edges.destination, destinations, transport),
      of_destinations(edges.destination, destinations, edges.source, sources, transport);
  from_sources = of_sources.exchange();
  from_destinations = of_destinations.exchange();
  const auto incoming = occurrences(edges.destination, destinations.nodes()),
             outgoing = occurrences(edges.source, sources.nodes());
  const std::int64_t rounds = rounds_of(incoming), outgoing_rounds = rounds_of(outgoing);
  source = at::zeros({rounds, destinations.size()}, at::kLong);
  is_absent = at::ones({rounds, destinations.size()}, at::kBool);
  features = at::zeros({rounds, destinations.size(), kFeatures}, at::kDouble);
  destination = at::zeros({outgoing_rounds, sources.size()}, at::kLong);
  place = at::full({outgoing_rounds, sources.size()}, rounds * of_destinations.count(), at::kLong);
  auto source_at = source.accessor<std::int64_t, 2>(),
       destination_at = destination.accessor<std::int64_t, 2>(), place_at = place.accessor<std::int64_t, 2>();
  auto is_absent_at = is_absent.accessor<bool, 2>();
  auto features_at = features.accessor<double, 3>();
  for (std::size_t edge = 0; edge < edges.source.size(); ++edge) {
    const std::int64_t round = incoming[edge];
    if (const std::int64_t to = edges.destination[edge] - destinations.first();
        to >= 0 && to < destinations.size()) {
      source_at[round][to] = of_sources.place_of(edges.source[edge]);
      is_absent_at[round][to] = false;
      for (std::int64_t k = 0; k < kFeatures; ++k)
        features_at[round][to][k] =
            k < mesh::kEdgeFeatures ? layer.features[edge][static_cast<std::size_t>(k)] : 1;
    }
    if (const std::int64_t from = edges.source[edge] - sources.first(); from >= 0 && from < sources.size()) {
      const std::int64_t to = of_destinations.place_of(edges.destination[edge]);
      destination_at[outgoing[edge]][from] = to;
      place_at[outgoing[edge]][from] = round * of_destinations.count() + to;
    }
  }
  for (at::Tensor* tensor : {&source, &is_absent, &destination, &place})
    *tensor = tensor->to(options.device());
  features = features.to(options);
}

Attended attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                const at::Tensor& edge_query, const EdgeRounds& rounds) {
  const variable_list found = EdgeAttention::apply(query, key, value, edge_query, &rounds);
  return {found[0], found[1]};
}

}  // namespace foehn::model

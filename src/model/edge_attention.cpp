#include "model/edge_attention.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

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

class EdgeAttention : public torch::autograd::Function<EdgeAttention> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& query, const at::Tensor& key,
                               const at::Tensor& value, const at::Tensor& edge_query,
                               const EdgeRounds* rounds) {
    const std::int64_t count = rounds->source.size(0);
    const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));
    at::Tensor scores = at::empty({query.size(0), count, query.size(1), query.size(2)}, query.options());
    for (std::int64_t s = 0; s < count; ++s)
      scores.select(1, s).copy_((inner_products(query, key.index_select(1, rounds->source[s])) +
                                 inner_products(edge_query, rounds->features[s].unsqueeze(1)))
                                    .mul_(scale));
    scores.masked_fill_(rounds->is_absent.unsqueeze(2), -std::numeric_limits<double>::infinity());
    const at::Tensor alpha = at::softmax(scores, 1);
    at::Tensor values = at::zeros_like(query, at::MemoryFormat::Contiguous);
    at::Tensor features = at::zeros_like(edge_query, at::MemoryFormat::Contiguous);
    for (std::int64_t s = 0; s < count; ++s) {
      const at::Tensor weight = alpha.select(1, s).unsqueeze(3);
      values.add_(weight * value.index_select(1, rounds->source[s]));
      features.add_(weight * rounds->features[s].unsqueeze(1));
    }
    context->save_for_backward(
        {query, key, value, alpha, rounds->source, rounds->features, rounds->destination, rounds->place});
    return {values, features};
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &query = saved[0], &key = saved[1], &value = saved[2], &alpha = saved[3],
                     &source = saved[4], &features = saved[5], &destination = saved[6], &place = saved[7];
    const at::Tensor of_values = gradients[0].contiguous(), of_features = gradients[1].contiguous();
    const std::int64_t count = source.size(0);
    const double scale = 1 / std::sqrt(static_cast<double>(query.size(3)));

    // Of the weights, and from them, by the derivative of the softmax, of the scores.
    at::Tensor terms = at::empty_like(alpha);
    for (std::int64_t s = 0; s < count; ++s)
      terms.select(1, s).copy_(inner_products(of_values, value.index_select(1, source[s])) +
                               inner_products(of_features, features[s].unsqueeze(1)));
    terms = (terms - (alpha * terms).sum(1, true)).mul_(alpha).mul_(scale);

    at::Tensor of_query = at::zeros_like(query, at::MemoryFormat::Contiguous);
    at::Tensor of_edge_query = at::zeros_like(of_features);
    for (std::int64_t s = 0; s < count; ++s) {
      const at::Tensor weight = terms.select(1, s).unsqueeze(3);
      of_query.add_(weight * key.index_select(1, source[s]));
      of_edge_query.add_(weight * features[s].unsqueeze(1));
    }
    const at::Tensor all_terms = listed(terms), all_weights = listed(alpha);
    at::Tensor of_key = at::zeros_like(key, at::MemoryFormat::Contiguous);
    at::Tensor of_value = at::zeros_like(value, at::MemoryFormat::Contiguous);
    for (std::int64_t s = 0; s < destination.size(0); ++s) {
      of_key.add_(all_terms.index_select(1, place[s]).unsqueeze(3) * query.index_select(1, destination[s]));
      of_value.add_(all_weights.index_select(1, place[s]).unsqueeze(3) *
                    of_values.index_select(1, destination[s]));
    }
    return {of_query, of_key, of_value, of_edge_query, at::Tensor()};
  }
};

}  // namespace

EdgeRounds::EdgeRounds(const mesh::Layer& layer, std::int64_t sources, std::int64_t destinations,
                       const at::TensorOptions& options) {
  const mesh::EdgeList& edges = layer.edges;
  const auto incoming = occurrences(edges.destination, destinations),
             outgoing = occurrences(edges.source, sources);
  const std::int64_t rounds = rounds_of(incoming), outgoing_rounds = rounds_of(outgoing);
  source = at::zeros({rounds, destinations}, at::kLong);
  is_absent = at::ones({rounds, destinations}, at::kBool);
  features = at::zeros({rounds, destinations, kFeatures}, at::kDouble);
  destination = at::zeros({outgoing_rounds, sources}, at::kLong);
  place = at::full({outgoing_rounds, sources}, rounds * destinations, at::kLong);
  auto source_at = source.accessor<std::int64_t, 2>(),
       destination_at = destination.accessor<std::int64_t, 2>(), place_at = place.accessor<std::int64_t, 2>();
  auto is_absent_at = is_absent.accessor<bool, 2>();
  auto features_at = features.accessor<double, 3>();
  for (std::size_t edge = 0; edge < edges.source.size(); ++edge) {
    const std::int64_t from = edges.source[edge], to = edges.destination[edge], round = incoming[edge];
    source_at[round][to] = from;
    is_absent_at[round][to] = false;
    for (std::int64_t k = 0; k < kFeatures; ++k)
      features_at[round][to][k] =
          k < mesh::kEdgeFeatures ? layer.features[edge][static_cast<std::size_t>(k)] : 1;
    destination_at[outgoing[edge]][from] = to;
    place_at[outgoing[edge]][from] = round * destinations + to;
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

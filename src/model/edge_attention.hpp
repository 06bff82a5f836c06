#pragma once

#include <ATen/core/Tensor.h>

#include "foehn/mesh/graph.hpp"

namespace foehn::model {

/// The edges of a layer in rounds: round s holds the s-th incoming edge of every destination, by rising
/// source. Adding round after round, each destination's sum has one order, no two additions of a round meet,
/// and what is held at a time is one source's features per destination, however many edges there are. The
/// same, by the outgoing edges of every source, is what gradients need.
struct EdgeRounds {
  /// @param options  of the features
  EdgeRounds(const mesh::Layer& layer, std::int64_t sources, std::int64_t destinations,
             const at::TensorOptions& options);

  /// What is known of an edge: mesh::kEdgeFeatures numbers, and a 1 that stands for a constant.
  static constexpr std::int64_t kFeatures = mesh::kEdgeFeatures + 1;

  at::Tensor source;       ///< [round, destination], int64; 0 where the destination has fewer edges
  at::Tensor is_absent;    ///< [round, destination], whether it has fewer
  at::Tensor features;     ///< [round, destination, kFeatures]; zeros where absent
  at::Tensor destination;  ///< [outgoing round, source], int64; 0 where absent
  at::Tensor place;  ///< [outgoing round, source]: round * destinations + destination; past all if absent
};

struct Attended {
  at::Tensor values;    ///< sum_j alpha_ij v_j, [window, destination, head, channel]
  at::Tensor features;  ///< sum_j alpha_ij a_ij, [window, destination, head, feature]
};

/// Attention over the incoming edges of every destination,
///   alpha_ij = softmax_j((q_i . k_j + p_i . a_ij)/sqrt(channels)),
/// where p_i stands for the product of the query with the map of edges, q_i . W a_ij = (W^T q_i) . a_ij:
/// edges need no channels of their own. Differentiable once in all arguments.
/// @param query         [window, destination, head, channel]
/// @param key, value    [window, source, head, channel]
/// @param edge_query    p, [window, destination, head, feature]
/// @param rounds        every destination has an edge
Attended attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                const at::Tensor& edge_query, const EdgeRounds& rounds);

}  // namespace foehn::model

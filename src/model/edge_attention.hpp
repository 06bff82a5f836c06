#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "foehn/comm/row_exchange.hpp"
#include "foehn/mesh/graph.hpp"
#include "model/tiles.hpp"

namespace foehn::model {

/// The edges of a layer in rounds: round s holds the s-th incoming edge of every destination, by rising
/// source. Adding round after round, each destination's sum has one order, no two additions of a round meet,
/// and what is held at a time is one source's features per destination, however many edges there are. The
/// same, by the outgoing edges of every source, is what gradients need.
///
/// Where nodes are shared out over ranks, a rank has the incoming edges of its destinations, and gathers what
/// it needs of other ranks' sources; for gradients it has the outgoing edges of its sources, and gathers what
/// it needs of their destinations. So a sum is added by one rank, in the same order as if there were no
/// other.
struct EdgeRounds {
  /// @param sources, destinations  of this rank; implicitly made of a number of nodes that are all its own
  /// @param options    of the features
  /// @param transport  of the ranks that nodes are shared out over, outlives this; null: there is one
  EdgeRounds(const mesh::Layer& layer, const NodeBands& sources, const NodeBands& destinations,
             const at::TensorOptions& options, comm::Transport* transport = nullptr);

  /// What is known of an edge: mesh::kEdgeFeatures numbers, and a 1 that stands for a constant.
  static constexpr std::int64_t kFeatures = mesh::kEdgeFeatures + 1;

  Tiles source_tiles, tiles;  ///< of this rank's sources and destinations
  at::Tensor source;       ///< [round, destination], int64, of those gathered; 0 where there are fewer edges
  at::Tensor is_absent;    ///< [round, destination], whether it has fewer
  at::Tensor features;     ///< [round, destination, kFeatures]; zeros where absent
  at::Tensor destination;  ///< [outgoing round, source], int64, of those gathered; 0 where absent
  at::Tensor
      place;  ///< [outgoing round, source]: round * destinations gathered + destination; past all if absent
  /// What gathers nodes of all ranks; null where there is one rank, which has them.
  std::shared_ptr<const comm::RowExchange> from_sources, from_destinations;
};

struct Attended {
  at::Tensor values;    ///< sum_j alpha_ij v_j, [window, destination, head, channel]
  at::Tensor features;  ///< sum_j alpha_ij a_ij, [window, destination, head, feature]
};

/// Attention over the incoming edges of every destination,
///   alpha_ij = softmax_j((q_i . k_j + p_i . a_ij)/sqrt(channels)),
/// where p_i stands for the product of the query with the map of edges, q_i . W a_ij = (W^T q_i) . a_ij:
/// edges need no channels of their own. Differentiable once in all arguments. Features are of this rank's
/// nodes.
/// @param query         [window, destination, head, channel]
/// @param key, value    [window, source, head, channel]
/// @param edge_query    p, [window, destination, head, feature]
/// @param rounds        every destination has an edge; outlives the gradient
/// @note Collective over the ranks that nodes are shared out over, and so is the gradient.
Attended attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                const at::Tensor& edge_query, const EdgeRounds& rounds);

}  // namespace foehn::model

#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "foehn/model/graph_transformer.hpp"
#include "model/edge_attention.hpp"
#include "model/score_unet_layers.hpp"

// The layers of a graph transformer. Features of nodes are [window, node, channel].

namespace foehn::model {

/// A linear map of channels. Where its weights are of fewer bits than what it maps, that is rounded to their
/// type first; sums and the result are of the type of what it maps.
class Linear {
 public:
  Linear(const TensorSource& source, const std::string& name, std::int64_t input, std::int64_t output)
      : parameters_(source, name, {output, input}) {}
  at::Tensor operator()(const at::Tensor& x) const;
  /// The same tile by tile.
  at::Tensor operator()(const at::Tensor& x, const Tiles& tiles) const;
  const Parameters& parameters() const { return parameters_; }

 private:
  Parameters parameters_;
};

/// LN(x)(1 + W_s c + b_s) + W_b c + b_b, LN without parameters of its own.
class ConditionalNorm {
 public:
  ConditionalNorm(const TensorSource& source, const std::string& name, std::int64_t width);
  /// @param condition  c, [window or 1, kConditions]
  at::Tensor operator()(const at::Tensor& x, const at::Tensor& condition) const;

 private:
  Linear scale_, shift_;
};

/// What the network knows of the noise level: a linear layer, SiLU and another of sines and cosines of the
/// schedule's time, of frequencies 1000^(-i/16).
class NoiseCondition {
 public:
  explicit NoiseCondition(const TensorSource& source);
  /// @param t  [window], or [1] for all windows
  /// @return   [window or 1, kConditions]
  at::Tensor operator()(const at::Tensor& t) const;

 private:
  Linear first_, second_;
};

/// A block, as in GraphTransformer's description.
class GraphBlock {
 public:
  /// @param between  sources and destinations are not the same nodes: sources have a norm of their own, and
  /// queries
  ///                 and keys are normalised head by head
  GraphBlock(const Sources& sources, const std::string& name, std::int64_t width, std::int64_t heads,
             bool between);
  /// @param source, destination  features of the nodes; the same tensor where they are the same nodes
  /// @param condition            as in ConditionalNorm
  /// @return                     of the destinations
  at::Tensor operator()(const at::Tensor& source, const at::Tensor& destination, const at::Tensor& condition,
                        const EdgeRounds& rounds) const;
  /// operator() of the same nodes, which keeps nothing but x and the condition for the gradient.
  at::Tensor recomputed(const at::Tensor& source, const at::Tensor& destination, const at::Tensor& condition,
                        const EdgeRounds& rounds) const;

 private:
  struct HeadNorm {
    Parameters query, key;
  };
  /// The same block of other tensors.
  GraphBlock with(const std::vector<at::Tensor>& parameters) const;
  /// by_tile, where work is also given a block and the condition, for a tile.
  template <class Work>
  at::Tensor on_tiles(const Tiles& tiles, const std::vector<at::Tensor>& nodes, const at::Tensor& condition,
                      const Work& work) const;
  /// Keys and values of sources, [window, node, 2, head, channel], tile by tile.
  at::Tensor offered(const at::Tensor& source, const at::Tensor& condition, const EdgeRounds& rounds) const;
  /// Queries of destinations, and behind them their products with the map of edges, [window, node, head,
  /// channel and feature].
  at::Tensor asked(const at::Tensor& destination, const at::Tensor& condition,
                   const EdgeRounds& rounds) const;
  /// The map of an edge's features, the last of which is 1: [head, channel, feature].
  at::Tensor edge_map() const;
  at::Tensor in_heads(const at::Tensor& x) const;

  std::int64_t width_, heads_;
  std::vector<at::Tensor> parameters_;  // all of them
  ConditionalNorm destination_norm_, mlp_norm_;
  std::optional<ConditionalNorm> source_norm_;
  Linear query_, key_, value_, own_, edge_, out_, mlp_first_, mlp_second_;
  std::optional<HeadNorm> head_norm_;
};

/// All layers.
class GraphTransformerLayers {
 public:
  GraphTransformerLayers(const GraphTransformerArchitecture& architecture, const Sources& sources);

  /// What a graph is to the layers, on their device.
  ///
  /// Of nodes that are shared out over ranks these are a rank's own.
  struct Nodes {
    Nodes(const mesh::Graph& graph, const at::TensorOptions& options);
    /// @param transport   of the ranks, outlives this
    /// @param least_tile  as in NodeBands
    Nodes(const mesh::Graph& graph, const at::TensorOptions& options, comm::Transport& transport,
          std::int64_t least_tile = NodeBands::kLeastTile);
    Tiles data_tiles, hidden_tiles;
    at::Tensor data, hidden;  ///< sines and cosines of latitude and longitude, [node, 4]
    at::Tensor longitude;     ///< sine and cosine of the cells' longitude, [2, cell]
    EdgeRounds encoder, processor, decoder;

   private:
    Nodes(const mesh::Graph& graph, const at::TensorOptions& options, NodeBands of_data, NodeBands of_hidden,
          comm::Transport* transport);
  };
  /// @param cells   of this rank, [window, cell, input channel]
  /// @param t       time of the schedule, [window], or [1] for all windows
  /// @param labels  of the windows' dates, or undefined
  /// @return        [window, cell, channel]
  /// @note Collective over the ranks that nodes are shared out over, and so is the gradient.
  at::Tensor operator()(const at::Tensor& cells, const at::Tensor& t, const at::Tensor& labels,
                        const Nodes& nodes) const;

 private:
  NoiseCondition noise_;
  Linear data_in_, hidden_in_, data_out_;
  GraphBlock encoder_;
  std::vector<GraphBlock> processor_;
  GraphBlock decoder_;
  Parameters last_norm_;
  Linear last_;
};

}  // namespace foehn::model

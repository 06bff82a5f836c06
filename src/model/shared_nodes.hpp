#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

#include "foehn/comm/row_exchange.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/window_denoiser.hpp"
#include "model/node_bands.hpp"

namespace foehn::model {

/// The cells of windows that ranks share out, and what the first of these ranks asks of the others.
/// Methods are collective over the ranks.
class SharedNodes {
 public:
  /// @param transport  outlives this
  /// @param device     of the transport's tensors
  /// @param most_bytes  of a message that tells fields, but for those of a single channel
  SharedNodes(comm::Transport& transport, NodeBands band, const at::Device& device,
              std::int64_t most_bytes = kMostBytes);

  /// This rank's cells of those that all ranks have; its gradient has all cells.
  /// @param all  [window, cell, channel], the same on all ranks
  at::Tensor own(const at::Tensor& all) const;
  /// The inverse.
  at::Tensor all(const at::Tensor& own) const;

  bool is_first() const { return transport_->ranks().is_root(); }
  enum class Task { none, estimate, product };
  /// What is to be computed, as of WindowDenoiser.
  struct Order {
    Task task = Task::none;
    diffusion::Windows noisy;
    diffusion::NoiseLevel level;
    at::Tensor cotangent;  // of a product
  };
  /// Of the first rank.
  /// @throws core::Error if it has told an order that it has not finished: the others are still at it
  void tell(const Order& order) const;
  /// Of the first rank, when it has carried out an order with the others.
  void finished() const { is_busy_ = false; }
  /// Of the others: what was told.
  Order hear() const;

  // What `own` and `all` are made of.
  at::Tensor in_band(const at::Tensor& all) const;
  at::Tensor joined(const at::Tensor& own) const;

 private:
  static constexpr std::int64_t kMostBytes = std::int64_t{1} << 28;  // messages hold less than 2 GiB
  void tell_fields(const at::Tensor& fields) const;
  at::Tensor hear_fields(const std::vector<std::int64_t>& shape, at::ScalarType type) const;
  /// Fields of some channels of some windows each, [channel, y, x], that share their memory.
  std::vector<at::Tensor> pieces_of(const at::Tensor& fields) const;

  comm::Transport* transport_;
  NodeBands band_;
  at::Device device_;
  std::int64_t most_bytes_;
  mutable bool is_busy_ = false;  // with an order that was told
  comm::RowExchange to_all_, from_first_;
};

}  // namespace foehn::model

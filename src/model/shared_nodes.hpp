#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

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
  SharedNodes(comm::Transport& transport, NodeBands band, const at::Device& device);

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
  void tell(const Order& order) const;
  /// Of the others: what was told.
  Order hear() const;

  // What `own` and `all` are made of.
  at::Tensor in_band(const at::Tensor& all) const;
  at::Tensor joined(const at::Tensor& own) const;

 private:
  comm::Transport* transport_;
  NodeBands band_;
  at::Device device_;
  comm::RowExchange to_all_, from_first_;
};

}  // namespace foehn::model

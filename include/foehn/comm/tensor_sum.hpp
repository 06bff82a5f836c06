#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/transport.hpp"

namespace foehn::comm {

/// Adds tensors of all ranks, place by place, so that every rank has the same bits.
///
/// By NCCL they are added from GPU to GPU and in the order of the device's stream; else they travel through
/// host memory and MPI. The two add in different orders, so bits depend on which of them it is.
class TensorSum {
 public:
  /// @param ranks   outlives this
  /// @param device  of this rank's tensors; of one kind on all ranks
  /// @param kind    as choose_transport says
  /// @throws core::CollectiveError if NCCL cannot be started
  /// @note Collective over the ranks.
  TensorSum(const Communicator& ranks, const at::Device& device, TransportKind kind);

  /// @param values  float32, contiguous, on the device; becomes the sum
  /// @note Collective over the ranks.
  void operator()(at::Tensor& values) const;

 private:
  std::function<void(at::Tensor&)> add_;  // none: a rank alone
};

}  // namespace foehn::comm

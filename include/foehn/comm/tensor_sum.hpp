#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

/// Adds tensors of all ranks, place by place, so that every rank has the same bits.
///
/// On GPUs they are added by NCCL, from GPU to GPU and in the order of the device's stream, where every rank
/// has a GPU of its own; else they travel through host memory and MPI.
class TensorSum {
 public:
  /// @param ranks   outlives this
  /// @param device  of this rank's tensors; of one kind on all ranks
  /// @throws core::CollectiveError if NCCL cannot be started
  /// @note Collective over the ranks.
  TensorSum(const Communicator& ranks, at::Device device);
  ~TensorSum();
  TensorSum(TensorSum&&) noexcept;
  TensorSum& operator=(TensorSum&&) = delete;

  /// @param values  float32, contiguous, on the device; becomes the sum
  /// @note Collective over the ranks.
  void operator()(at::Tensor& values) const;

 private:
  class Nccl;
  const Communicator* ranks_;
  std::unique_ptr<Nccl> nccl_;
};

}  // namespace foehn::comm

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/cuda/nccl.h>

#include <optional>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/device/waiting.hpp"

namespace foehn::comm {

/// One communicator of NCCL for all that a group of ranks does by it, made by LibTorch's own NCCL: no second
/// version of it beside that one. Only in builds for GPUs.
///
/// What one rank's NCCL finds wrong with its links ends that rank's next wait for its GPU
/// (device::WaitCheck).
class NcclGroup {
 public:
  /// @throws core::CollectiveError if NCCL cannot be started
  /// @note Collective over the ranks.
  NcclGroup(const Communicator& ranks, const c10::Device& device);
  ~NcclGroup();
  NcclGroup(const NcclGroup&) = delete;
  NcclGroup& operator=(const NcclGroup&) = delete;

  /// Sends and receives on a stream of its own, after what the current stream has been told so far.
  /// @return  that stream
  c10::cuda::CUDAStream exchange(const std::vector<Transport::Part>& out,
                                 const std::vector<Transport::Part>& in);
  /// Adds, place by place, in the order of the current stream.
  /// @param values  float32, contiguous; becomes the sum
  void sum(at::Tensor& values);

 private:
  void check_links() const;

  c10::Device device_;
  c10::cuda::CUDAStream stream_;
  torch::cuda::nccl::ncclComm_t handle_ = nullptr;
  std::optional<device::WaitCheck> links_;
};

}  // namespace foehn::comm

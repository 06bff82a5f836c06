#pragma once

#include <memory>
#include <vector>

#include "comm/nccl_group.hpp"

namespace foehn::comm {

/// NCCL, from GPU to GPU, beside the kernels of the current stream. Only in builds for GPUs.
class NcclTransport : public Transport {
 public:
  /// @note Collective over the ranks.
  NcclTransport(const Communicator& ranks, const c10::Device& device)
      : Transport(ranks), group_(ranks, device) {}
  std::unique_ptr<Flight> start(std::vector<Part> out, std::vector<Part> in) override;

 private:
  NcclGroup group_;
};

}  // namespace foehn::comm

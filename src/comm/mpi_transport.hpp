#pragma once

#include <memory>
#include <vector>

#include "foehn/comm/transport.hpp"

namespace foehn::comm {

/// MPI from tensor to tensor: of hosts, or of GPUs, by an MPI that takes their addresses ("CUDA-aware").
class MpiTransport : public Transport {
 public:
  MpiTransport(const Communicator& ranks, const c10::Device& device) : Transport(ranks), device_(device) {}
  std::unique_ptr<Flight> start(std::vector<Part> out, std::vector<Part> in) override;

  /// Does this MPI take addresses of GPUs' memory?
  static bool reaches_gpus();

 private:
  c10::Device device_;
};

}  // namespace foehn::comm

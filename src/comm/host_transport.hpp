#pragma once

#include <memory>
#include <vector>

#include "comm/mpi_transport.hpp"

namespace foehn::comm {

/// MPI between GPUs through the memory of their hosts. That memory is pinned and comes from LibTorch's pool,
/// which keeps it from exchange to exchange and hands it out again when copies from or to it are done.
class HostTransport : public Transport {
 public:
  HostTransport(const Communicator& ranks, const c10::Device& device)
      : Transport(ranks), device_(device), between_hosts_(ranks, c10::kCPU) {}
  std::unique_ptr<Flight> start(std::vector<Part> out, std::vector<Part> in) override;

 private:
  c10::Device device_;
  MpiTransport between_hosts_;
};

}  // namespace foehn::comm

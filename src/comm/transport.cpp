#include "foehn/comm/transport.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#ifdef FOEHN_CUDA
#include <ATen/cuda/CUDAContext.h>

#include "comm/nccl_transport.hpp"
#endif

#include "comm/host_transport.hpp"
#include "comm/mpi_transport.hpp"
#include "foehn/core/error.hpp"

namespace foehn::comm {

namespace {

/// Which GPU of its machine a device is; the CPU: -1.
double place_of([[maybe_unused]] const c10::Device& device) {
#ifdef FOEHN_CUDA
  if (device.is_cuda()) {
    const cudaDeviceProp& gpu = *at::cuda::getDeviceProperties(device.index());
    return (gpu.pciDomainID * 256.0 + gpu.pciBusID) * 256.0 + gpu.pciDeviceID;
  }
#endif
  return -1;
}

/// @note Collective over the world.
bool has_gpu_of_its_own(const Communicator& world, const c10::Device& device) {
  const std::vector<double> on_machine = world.split_by_machine().gather_all(place_of(device));
  const std::set<double> different(on_machine.begin(), on_machine.end());
  return !world.any(different.contains(-1) || different.size() < on_machine.size());
}

}  // namespace

TransportKind choose_transport(const Communicator& world, const c10::Device& device, TransportChoice choice) {
  // NCCL is not refused where ranks share a GPU (run.share_gpus): it says so itself, and can be told to do
  // it.
  world.agree([&] {
    if (choice == TransportChoice::nccl && !device.is_cuda())
      throw core::UsageError(
          "run.transport: nccl: carries data between GPUs, and this run computes on the CPU; expected auto "
          "or mpi");
  });
  if (choice == TransportChoice::nccl) return TransportKind::nccl;
  if (choice == TransportChoice::automatic && has_gpu_of_its_own(world, device)) return TransportKind::nccl;
  const bool is_direct = device.is_cpu() || MpiTransport::reaches_gpus();
  return world.any(!is_direct) ? TransportKind::mpi_by_host : TransportKind::mpi;
}

std::unique_ptr<Transport> make_transport(const Communicator& ranks, const c10::Device& device,
                                          TransportKind kind) {
  switch (kind) {
    case TransportKind::mpi_by_host:
      return std::make_unique<HostTransport>(ranks, device);
    case TransportKind::nccl:
#ifdef FOEHN_CUDA
      if (ranks.size() > 1) return std::make_unique<NcclTransport>(ranks, device);
#endif
      [[fallthrough]];  // a rank alone sends nothing
    case TransportKind::mpi:
      break;
  }
  return std::make_unique<MpiTransport>(ranks, device);
}

std::string describe(TransportKind kind, const c10::Device& device) {
  switch (kind) {
    case TransportKind::mpi:
      return device.is_cpu() ? "MPI" : "MPI from GPU to GPU";
    case TransportKind::mpi_by_host:
      return "MPI through the memory of hosts";
    case TransportKind::nccl:
      return "NCCL";
  }
  throw core::Error("unknown transport");
}

}  // namespace foehn::comm

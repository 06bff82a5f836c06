#ifdef FOEHN_CUDA

#include "comm/nccl_group.hpp"

#include <ATen/ATen.h>
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#include <fmt/format.h>
#include <nccl.h>

#include <cstring>
#include <exception>
#include <string>

#include "foehn/core/heartbeat.hpp"

namespace foehn::comm {

namespace nccl = torch::cuda::nccl;

NcclGroup::NcclGroup(const Communicator& ranks, const c10::Device& device)
    : device_(device), stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/true, device.index())) {
  nccl::ncclUniqueId id{};
  ranks.agree([&] {
    if (ranks.is_root()) nccl::get_unique_id(id);
  });
  std::string bytes(reinterpret_cast<const char*>(&id), sizeof id);
  ranks.broadcast(bytes);
  std::memcpy(&id, bytes.data(), sizeof id);
  const c10::cuda::CUDAGuard here(device_);
  ranks.agree([&] {
    // All must arrive; where one fails the others would wait for half an hour, but for the watchdog.
    const core::Waiting waiting("for NCCL to start");
    handle_ = nccl::comm_init_rank(ranks.size(), id, ranks.rank());
  });
  links_.emplace([this] { check_links(); });
}

NcclGroup::~NcclGroup() {
  links_.reset();
  auto* handle = static_cast<::ncclComm_t>(handle_);
  // After a failure others may be gone, for whom a proper end would wait.
  if (handle != nullptr) std::uncaught_exceptions() > 0 ? ncclCommAbort(handle) : ncclCommDestroy(handle);
}

void NcclGroup::check_links() const {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t asked = ncclCommGetAsyncError(static_cast<::ncclComm_t>(handle_), &state);
  const ncclResult_t found = asked == ncclSuccess ? state : asked;
  if (found != ncclSuccess && found != ncclInProgress)
    throw core::Error(fmt::format("NCCL: the link to another GPU failed: {}", ncclGetErrorString(found)));
}

c10::cuda::CUDAStream NcclGroup::exchange(const std::vector<Transport::Part>& out,
                                          const std::vector<Transport::Part>& in) {
  const c10::cuda::CUDAGuard here(device_);
  at::cuda::CUDAEvent ready;
  ready.record();
  ready.block(stream_);
  {
    const nccl::AutoNcclGroup together;  // else a send might wait for a receive that comes after it
    for (const Transport::Part& part : out) nccl::send(part.rows, handle_, stream_, part.peer);
    for (const Transport::Part& part : in) {
      at::Tensor rows = part.rows;
      nccl::recv(rows, handle_, stream_, part.peer);
    }
  }
  // LibTorch gives memory away again in the order of the stream that it was made for, unless told of others.
  for (const auto* parts : {&out, &in})
    for (const Transport::Part& part : *parts) at::Tensor(part.rows).record_stream(stream_);
  return stream_;
}

void NcclGroup::sum(at::Tensor& values) {
  const c10::cuda::CUDAGuard here(device_);
  std::vector<at::Tensor> outputs{values};
  nccl::all_reduce({values}, outputs, static_cast<int>(nccl::ncclRedOp::Sum), {}, {handle_});
  device::wait_for(device_);  // a sum that never ends is found here
}

}  // namespace foehn::comm

#endif

#include "foehn/comm/tensor_sum.hpp"

#include <ATen/ATen.h>

#ifdef FOEHN_CUDA
#include <ATen/cuda/CUDAContext.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/csrc/cuda/nccl.h>
#endif

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "foehn/core/heartbeat.hpp"
#include "foehn/device/waiting.hpp"

namespace foehn::comm {

#ifdef FOEHN_CUDA

namespace nccl = torch::cuda::nccl;

/// One NCCL communicator, made by LibTorch's own NCCL: no second version of it beside that one.
class TensorSum::Nccl {
 public:
  Nccl(const Communicator& ranks, at::Device device) : device_(device) {
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
  }
  ~Nccl() {
    if (handle_ != nullptr) nccl::comm_destroy(handle_);
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;

  void add(at::Tensor& values) const {
    const c10::cuda::CUDAGuard here(device_);
    std::vector<at::Tensor> outputs{values};
    nccl::all_reduce({values}, outputs, static_cast<int>(nccl::ncclRedOp::Sum), {}, {handle_});
    device::wait_for(device_);  // a sum that never ends is found here
  }

 private:
  at::Device device_;
  nccl::ncclComm_t handle_ = nullptr;
};

namespace {

/// Whether no two ranks share a GPU, which NCCL refuses.
/// @note Collective over the ranks.
bool has_gpu_of_its_own(const Communicator& ranks, at::Device device) {
  const cudaDeviceProp& gpu = *at::cuda::getDeviceProperties(device.index());
  const double place = (gpu.pciDomainID * 256.0 + gpu.pciBusID) * 256.0 + gpu.pciDeviceID;
  const std::vector<double> on_machine = ranks.split_by_machine().gather_all(place);
  const std::set<double> different(on_machine.begin(), on_machine.end());
  const std::vector<double> all = ranks.gather_all(different.size() == on_machine.size() ? 1 : 0);
  return *std::min_element(all.begin(), all.end()) > 0;
}

}  // namespace

#else

class TensorSum::Nccl {
 public:
  void add(at::Tensor&) const {}
};

#endif

TensorSum::TensorSum(const Communicator& ranks, [[maybe_unused]] at::Device device) : ranks_(&ranks) {
#ifdef FOEHN_CUDA
  if (device.is_cuda() && ranks.size() > 1 && has_gpu_of_its_own(ranks, device))
    nccl_ = std::make_unique<Nccl>(ranks, device);
#endif
}

TensorSum::~TensorSum() = default;
TensorSum::TensorSum(TensorSum&&) noexcept = default;

void TensorSum::operator()(at::Tensor& values) const {
  if (nccl_) {
    nccl_->add(values);
  } else if (ranks_->size() > 1) {
    const at::Tensor host = device::to_host(values);
    ranks_->sum({host.data_ptr<float>(), static_cast<std::size_t>(host.numel())});
    if (!values.is_cpu()) values.copy_(host);
  }
}

}  // namespace foehn::comm

#include "foehn/comm/tensor_sum.hpp"

#include <ATen/ATen.h>

#ifdef FOEHN_CUDA
#include <memory>

#include "comm/nccl_group.hpp"
#endif

#include "foehn/device/waiting.hpp"

namespace foehn::comm {

namespace {

void add_by_mpi(const Communicator& ranks, at::Tensor& values) {
  const at::Tensor host = device::to_host(values);
  ranks.sum({host.data_ptr<float>(), static_cast<std::size_t>(host.numel())});
  if (!values.is_cpu()) values.copy_(host);
}

}  // namespace

TensorSum::TensorSum(const Communicator& ranks, [[maybe_unused]] const at::Device& device,
                     [[maybe_unused]] TransportKind kind) {
  if (ranks.size() == 1) return;
#ifdef FOEHN_CUDA
  if (kind == TransportKind::nccl) {
    add_ = [group = std::make_shared<NcclGroup>(ranks, device)](at::Tensor& values) { group->sum(values); };
    return;
  }
#endif
  add_ = [&ranks](at::Tensor& values) { add_by_mpi(ranks, values); };
}

void TensorSum::operator()(at::Tensor& values) const {
  if (add_) add_(values);
}

}  // namespace foehn::comm

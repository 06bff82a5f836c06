#include "foehn/device/waiting.hpp"

#include <ATen/ATen.h>

#ifdef FOEHN_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>

#include "foehn/core/heartbeat.hpp"
#endif

namespace foehn::device {

void wait_for([[maybe_unused]] const c10::Device& device) {
#ifdef FOEHN_CUDA
  if (!device.is_cuda()) return;
  const c10::cuda::CUDAGuard here(device);
  at::cuda::CUDAEvent event;
  event.record();
  core::wait_until([&] { return event.query(); }, "for the GPU");
#endif
}

at::Tensor to_host(const at::Tensor& tensor) {
  wait_for(tensor.device());
  return tensor.to(at::kCPU).contiguous();
}

}  // namespace foehn::device

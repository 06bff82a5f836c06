#include "foehn/device/waiting.hpp"

#include <ATen/ATen.h>

#include <utility>

#ifdef FOEHN_CUDA
#include <ATen/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAGuard.h>
#endif

#include "foehn/core/heartbeat.hpp"

namespace foehn::device {

namespace {

std::list<std::function<void()>>& checks() {
  static std::list<std::function<void()>> all;
  return all;
}

}  // namespace

void wait_until(const std::function<bool()>& is_done, const char* what) {
  core::wait_until(
      [&] {
        for (const auto& check : checks()) check();
        return is_done();
      },
      what);
}

WaitCheck::WaitCheck(std::function<void()> check)
    : place_(checks().insert(checks().end(), std::move(check))) {}

WaitCheck::~WaitCheck() {
  checks().erase(place_);
}

void wait_for([[maybe_unused]] const c10::Device& device) {
#ifdef FOEHN_CUDA
  if (!device.is_cuda()) return;
  const c10::cuda::CUDAGuard here(device);
  at::cuda::CUDAEvent event;
  event.record();
  wait_until([&] { return event.query(); }, "for the GPU");
#endif
}

at::Tensor to_host(const at::Tensor& tensor) {
  wait_for(tensor.device());
  return tensor.to(at::kCPU).contiguous();
}

}  // namespace foehn::device

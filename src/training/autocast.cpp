#include "training/autocast.hpp"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace foehn::training {

namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)

void enable(c10::DeviceType device, bool enabled) {
  at::autocast::set_autocast_dtype(device, at::kBFloat16);
  at::autocast::set_autocast_enabled(device, enabled);
}

#else

void enable(c10::DeviceType device, bool enabled) {
  if (device == at::kCPU) {
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    at::autocast::set_cpu_enabled(enabled);
  } else {
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    at::autocast::set_enabled(enabled);
  }
}

#endif

}  // namespace

Autocast::Autocast(c10::DeviceType device) : device_(device) {
  enable(device_, true);
  at::autocast::increment_nesting();
}

Autocast::~Autocast() {
  // The copies of the weights that it keeps are of this step's.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  enable(device_, false);
}

}  // namespace foehn::training

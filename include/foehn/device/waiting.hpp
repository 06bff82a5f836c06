#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace foehn::device {

/// Waits until a device has done all that it was told, as core::wait_until does: a kernel or a sum over GPUs
/// that never ends is noticed. The CPU has nothing to wait for.
void wait_for(const c10::Device& device);

/// A tensor's values on the host, contiguous; those of a tensor that lies there are not copied.
at::Tensor to_host(const at::Tensor& tensor);

}  // namespace foehn::device

#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <list>

namespace foehn::device {

/// Waits until a device has done all that it was told, as wait_until does: a kernel or a sum over GPUs that
/// never ends is noticed. The CPU has nothing to wait for.
void wait_for(const c10::Device& device);

/// Waits as core::wait_until does, and makes every WaitCheck that lives again and again meanwhile.
/// @throws what a check throws
void wait_until(const std::function<bool()>& is_done, const char* what);

/// A check made in every wait for a device while this lives: for a failure that a device does not report and
/// that would let the wait last indefinitely, such as of a link between GPUs.
class WaitCheck {
 public:
  /// @param check  throws if there is no use in waiting on; called by the main thread, often
  explicit WaitCheck(std::function<void()> check);
  ~WaitCheck();
  WaitCheck(const WaitCheck&) = delete;
  WaitCheck& operator=(const WaitCheck&) = delete;

 private:
  std::list<std::function<void()>>::iterator place_;
};

/// A tensor's values on the host, contiguous; those of a tensor that lies there are not copied.
at::Tensor to_host(const at::Tensor& tensor);

}  // namespace foehn::device

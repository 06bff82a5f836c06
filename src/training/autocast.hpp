#pragma once

#include <c10/core/DeviceType.h>

namespace foehn::training {

/// While it lives, convolutions and matrix products of this thread are computed in bf16, of copies of their
/// arguments that LibTorch makes (its autocast); gradients arrive in the arguments' own type.
class Autocast {
 public:
  explicit Autocast(c10::DeviceType device);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType device_;
};

}  // namespace foehn::training

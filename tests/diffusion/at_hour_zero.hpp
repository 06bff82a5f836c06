#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "foehn/diffusion/window_denoiser.hpp"

namespace foehn::diffusion {

/// Windows that all begin with the trajectory, for a denoiser that does not look at their hours.
/// @param fields  [window, hour*variable, ...]
inline Windows at_hour_zero(const at::Tensor& fields) {
  return {fields, std::vector<std::int64_t>(static_cast<std::size_t>(fields.size(0)))};
}

}  // namespace foehn::diffusion

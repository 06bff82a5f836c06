#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "foehn/core/philox.hpp"

namespace foehn::diffusion {

/// fill_noise for a slab on a GPU, contiguous, float32 and not empty: on the device's current stream, nothing
/// is waited for. There in builds for GPUs only.
void draw_noise_on_gpu(const core::NoiseKey& key, std::int64_t first_hour, at::Tensor& slab);

}  // namespace foehn::diffusion

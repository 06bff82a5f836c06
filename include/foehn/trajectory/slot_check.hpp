#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "foehn/diffusion/window_denoiser.hpp"

namespace foehn::trajectory {

/// Checks on some windows of noise that the bits of a window's estimate, and of its vector-Jacobian product,
/// are the same in every slot of a batch, beside any neighbours and every time: what makes results the same
/// on any number of ranks. On the CPU tests show it; on a GPU it rests on the kernels that LibTorch takes
/// there.
/// @param window   shape of one, [hour*variable, y, x]
/// @param batch    windows in a call
/// @param options  float32 and the device
/// @param first_hour  at which the windows begin
/// @throws core::Error if it is not so
void check_slots(diffusion::WindowDenoiser& windows, const diffusion::NoiseLevel& level,
                 at::IntArrayRef window, std::int64_t batch, const at::TensorOptions& options,
                 std::int64_t first_hour = 0);

}  // namespace foehn::trajectory

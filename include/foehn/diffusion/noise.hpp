#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "foehn/core/philox.hpp"

namespace foehn::diffusion {

/// Fills a slab with the standard normal numbers of a draw, each hour with its own: core::fill_normal in the
/// order in which an hour's values lie in memory, whatever its shape. A value depends on nothing else, so
/// slabs can be cut anywhere.
///
/// A build for GPUs draws a GPU's slab there, at the host's numbers but for their last bit (the logarithm and
/// the cosine differ); any other build draws it on the host and copies it.
///
/// @param first_hour  of the slab in the trajectory
/// @param slab        [hour, ...], float32; contiguous; may have no hours
/// @throws core::Error if `slab` is not contiguous or not float32
void fill_noise(const core::NoiseKey& key, std::int64_t first_hour, at::Tensor& slab);

}  // namespace foehn::diffusion

#pragma once

#include <gtest/gtest.h>

#include "foehn/diffusion/sampler.hpp"

namespace foehn::diffusion {

/// Draws a sample from beginning to end.
inline void sample_whole(TrajectoryDenoiser& denoiser, const Schedule& schedule,
                         const SamplerOptions& options, const Surroundings& surroundings,
                         const at::Tensor& slab) {
  SamplerState state{.slab = slab};
  EXPECT_TRUE(sample(denoiser, schedule, options, surroundings, state));
}

}  // namespace foehn::diffusion

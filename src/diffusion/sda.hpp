#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::diffusion {

/// Takes the noise estimate `eps` of a prior to that of `sda` (see SdaGuidance).
void add_sda(const observation::Observations& observations, const at::Tensor& noisy, const NoiseLevel& level,
             std::optional<double> gamma, at::Tensor& eps);

}  // namespace foehn::diffusion

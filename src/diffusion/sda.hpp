#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "diffusion/observation_space.hpp"
#include "foehn/diffusion/noise_level.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::diffusion {

/// What `sda` adds to R, over (sigma/mu)^2: one number, or A A^T 1.
///
/// A has no negative entries, so that with D = 1/(R + (sigma/mu)^2 A A^T 1) no eigenvalue of (sigma/mu)^2 A
/// A^T D is above 1 (none is above the largest sum of a row of D A A^T): an evaluation never takes A x_hat
/// beyond y, however observations overlap. Where they share no value, A A^T 1 is the diagonal of A A^T.
class ErrorWeight {
 public:
  /// @param gamma  absent: A A^T 1
  explicit ErrorWeight(std::optional<double> gamma) : gamma_(gamma) {}

  /// One tensor per set; made at the first call, unless operators are linearised, when they change.
  /// @param slab  of the shape and type of the trajectory's
  const std::vector<at::Tensor>& of(const observation::Observations& observations, const at::Tensor& slab,
                                    const Linearisation& linear);

 private:
  std::optional<double> gamma_;
  std::vector<at::Tensor> weights_;
};

/// Takes the noise estimate `eps` of a prior to that of `sda` (see SdaGuidance).
/// @param linear  at `eps`
void add_sda(const observation::Observations& observations, const Linearisation& linear,
             const NoiseLevel& level, ErrorWeight& weight, at::Tensor& eps);

}  // namespace foehn::diffusion

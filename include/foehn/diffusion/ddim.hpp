#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "foehn/diffusion/denoiser.hpp"

namespace foehn::diffusion {

struct DdimOptions {
  std::int64_t steps = 256;      ///< uniform in t
  std::int64_t corrections = 0;  ///< Langevin corrections after each step
  double tau = 0.5;              ///< size of a correction, relative to the mean square of eps
};

/// What a sampler needs of the world around its slab, injected so that the same sampler runs alone and across
/// ranks.
struct Surroundings {
  /// Fills a slab-shaped tensor with the standard normal numbers of a draw: 0 for the initial noise, then
  /// counting up.
  std::function<void(at::Tensor& slab, std::uint32_t draw)> fill_noise;
  /// The sum over all hours of the trajectory, in order, of one number an hour of this slab. Collective over
  /// the team.
  std::function<double(std::span<const double> per_hour)> ordered_sum;
  /// Values in the whole trajectory: hours * variables * cells.
  std::int64_t trajectory_values = 0;
  /// Called after every step.
  std::function<void()> step_done;
};

/// Draws a trajectory: from noise at t = 1 to fields at t = 0 by `ddim`, x <- mu' x_hat + sigma' eps, each
/// step followed by Langevin corrections: delta = tau/mean(eps^2); x <- x - (delta eps + sqrt(2 delta) z)
/// sigma. Source: Rozet & Louppe 2023, Alg. 4; Song et al. 2021 (DDIM).
///
/// The mean of eps^2 runs over the whole trajectory. Element-wise work uses only single-rounding operations
/// (one product or one sum at a time), whose bits do not depend on where in a slab a value lies.
///
/// @param denoiser  of slabs
/// @param slab      [hour, variable, y, x], normalised; overwritten with the sample; may have no hours
/// @note Collective over the team that shares the trajectory.
void sample_ddim(Denoiser& denoiser, const VpCosine& schedule, const DdimOptions& options,
                 const Surroundings& surroundings, at::Tensor& slab);

}  // namespace foehn::diffusion

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/trajectory_denoiser.hpp"

namespace foehn::diffusion {

/// How a sampler goes from one noise level to the next, with x_hat = (x - sigma eps)/mu.
enum class Method {
  /// x <- mu' x_hat + sigma' eps, first order. Source: Song et al. 2021 (DDIM).
  ddim,
  /// x <- (sigma'/sigma) x + mu' (1 - exp(-h)) D with lambda = log(mu/sigma), h = lambda' - lambda and
  /// D = x_hat + h/(2 h_before) (x_hat - x_hat_before); D = x_hat in the first step.
  /// Source: Lu et al. 2022 (DPM-Solver++, 2M).
  dpmpp_2m,
};

struct SamplerOptions {
  Method method = Method::dpmpp_2m;
  std::int64_t steps = 13;               ///< from noise to fields
  Spacing spacing = Spacing::log_ratio;  ///< what they are even in
  double t_first = 1;                    ///< noise level at which they begin
  std::int64_t corrections = 0;          ///< Langevin corrections after each step
  double tau = 0.5;                      ///< size of a correction, relative to the mean square of eps
};

/// The sum over all hours of the trajectory, in order, of one number for each of some hours of this slab,
/// given in order. Collective over the team; the same on all its ranks.
using OrderedSum = std::function<double(std::span<const double> per_hour)>;

/// Where a sampler stands between two passes: all it needs to go on, bit for bit. A step is 1 + corrections
/// passes: the way to the next noise level, and each correction there.
struct SamplerState {
  at::Tensor slab;         ///< [hour, variable, ...], normalised; may have no hours
  std::int64_t step = 0;   ///< steps done
  std::int64_t pass = 0;   ///< passes done of the step under way; before the first, noise fills the slab
  std::uint32_t draw = 0;  ///< the next draw of noise
  /// x_hat of the step before, as the slab; undefined where a method does not look back.
  at::Tensor previous_clean = {};
  double previous_h = 0;  ///< and that step in log(mu/sigma)
};

/// What a sampler needs of the world around its slab, injected so that the same sampler runs alone and across
/// ranks.
struct Surroundings {
  /// Fills a slab-shaped tensor with the standard normal numbers of a draw: 0 for the initial noise, then
  /// counting up.
  std::function<void(at::Tensor& slab, std::uint32_t draw)> fill_noise;
  OrderedSum ordered_sum;
  /// Values in the whole trajectory: hours * variables * cells.
  std::int64_t trajectory_values = 0;
  /// Called after every pass; says whether to go on. All ranks must say the same.
  std::function<bool(const SamplerState& state)> pass_done;
};

/// Draws a trajectory: from noise at the first level to fields at t = 0, each step followed by Langevin
/// corrections: delta = tau/mean(eps^2); x <- x - (delta eps + sqrt(2 delta) z) sigma. Source: Rozet & Louppe
/// 2023, Alg. 4.
///
/// The mean of eps^2 runs over the whole trajectory. Element-wise work uses only single-rounding operations
/// (one product or one sum at a time), whose bits do not depend on where in a slab a value lies.
///
/// @param state     where to begin; in the end its slab, whose memory is used, holds the sample
/// @return          whether the sample is drawn: false if it was stopped before
/// @note Collective over the team that shares the trajectory.
bool sample(TrajectoryDenoiser& denoiser, const VpCosine& schedule, const SamplerOptions& options,
            const Surroundings& surroundings, SamplerState& state);

}  // namespace foehn::diffusion

#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
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
  /// Second order in sigma/mu, with two evaluations a step, and churn: x goes to the noise level (1 + gamma)
  /// sigma/mu, by fresh noise, then as ddim to the next level; with eps' estimated there it gains mu'/2
  /// (sigma'/mu' - sigma/mu) (eps' - eps), unless sigma' is 0. Source: Karras et al. 2022, Alg. 2.
  heun,
};

/// Fresh noise with which `heun` begins a step.
struct Churn {
  double amount = 0;                ///< S_churn: gamma = min(amount/steps, sqrt(2) - 1); 0: none
  double least = 0;                 ///< S_min, of sigma/mu
  std::optional<double> most = {};  ///< S_max, of sigma/mu; absent: none
  double inflation = 1;             ///< S_noise, of the noise's standard deviation
};

struct SamplerOptions {
  Method method = Method::dpmpp_2m;
  std::int64_t steps = 13;               ///< from noise to fields
  Spacing spacing = Spacing::log_ratio;  ///< what they are even in
  std::optional<double> t_first = {};    ///< noise level at which they begin; absent: the noisiest
  std::int64_t corrections = 0;          ///< Langevin corrections after each step
  double tau = 0.5;                      ///< size of a correction, relative to the mean square of eps
  Churn churn = {};                      ///< of heun
};

/// A step's passes: evaluations on the way to the next noise level, and each correction there.
std::int64_t passes_per_step(const SamplerOptions& options);

/// The sum over all hours of the trajectory, in order, of one number for each of some hours of this slab,
/// given in order. Collective over the team; the same on all its ranks.
using OrderedSum = std::function<double(std::span<const double> per_hour)>;

/// Where a sampler stands between two passes: all it needs to go on, bit for bit.
struct SamplerState {
  at::Tensor slab;         ///< [hour, variable, ...], normalised; may have no hours
  std::int64_t step = 0;   ///< steps done
  std::int64_t pass = 0;   ///< passes done of the step under way; before the first, noise fills the slab
  std::uint32_t draw = 0;  ///< the next draw of noise
  /// What a method looks back at, as the slab; undefined where there is nothing. Of dpmpp_2m x_hat of the
  /// step before; of heun, halfway through a step, eps at its beginning.
  at::Tensor previous = {};
  double previous_h = 0;  ///< of dpmpp_2m, the step before in log(mu/sigma)
};

/// What a sampler needs of the world around its slab, injected so that the same sampler runs alone and across
/// ranks.
struct Surroundings {
  /// Fills a slab-shaped tensor with the standard normal numbers of a draw: 0 for the initial noise, then
  /// counting up.
  std::function<void(at::Tensor& slab, std::uint32_t draw)> fill_noise;
  OrderedSum ordered_sum;
  /// About what the initial noise lies: fields of the slab's shape that are expected before anything is
  /// drawn. Undefined: 0.
  at::Tensor expected = {};
  /// Values in the whole trajectory: hours * variables * cells.
  std::int64_t trajectory_values = 0;
  /// Called after every pass; says whether to go on. All ranks must say the same.
  std::function<bool(const SamplerState& state)> pass_done;
};

/// Draws a trajectory: from noise at the first level to fields at the last, each step followed by Langevin
/// corrections, where noise is left: delta = tau/mean(eps^2); x <- x - (delta eps + sqrt(2 delta) z) sigma.
/// Source: Rozet & Louppe 2023, Alg. 4.
///
/// The slab has one type throughout; where a noise level needs float64 (see needs_float64), the denoiser is
/// given a copy in it, and its estimate enters the slab as it is.
///
/// The mean of eps^2 runs over the whole trajectory. Element-wise work uses only single-rounding operations
/// (one product or one sum at a time), whose bits do not depend on where in a slab a value lies.
///
/// @param state     where to begin; in the end its slab, whose memory is used, holds the sample
/// @return          whether the sample is drawn: false if it was stopped before
/// @note Collective over the team that shares the trajectory.
bool sample(TrajectoryDenoiser& denoiser, const Schedule& schedule, const SamplerOptions& options,
            const Surroundings& surroundings, SamplerState& state);

}  // namespace foehn::diffusion

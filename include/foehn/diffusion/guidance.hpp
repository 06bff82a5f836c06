#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "foehn/diffusion/sampler.hpp"
#include "foehn/diffusion/trajectory_denoiser.hpp"
#include "foehn/observation/field_map.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::diffusion {

class ErrorWeight;

/// Conditions a denoiser of trajectories on coarse observations of the clean trajectory, without gradients
/// (`sda`).
///
/// Returns eps - (sigma/mu) A^T[(y - A x_hat) / (R + gamma (sigma/mu)^2)], x_hat = (x - sigma eps)/mu.
/// Source: Schmidt et al. 2025, Supplement 6; Rozet & Louppe 2023 (gradient-free form).
/// A is local to the slab, so nothing is exchanged here beyond what the prior exchanges, unless errors are
/// correlated: R + gamma (sigma/mu)^2 is then solved with (observation::CorrelatedErrors).
///
/// An evaluation takes A x_hat nearer to y by the factor (sigma/mu)^2 a / (R + gamma (sigma/mu)^2), a = A A^T
/// being one over the cells and hours that an observation is a mean over, where observations share no value:
/// at high noise by a/gamma. With gamma = A A^T 1, which bounds the eigenvalues of A A^T, it never goes
/// beyond y, with however few steps and however observations overlap; Climate2Weather's smaller gamma goes
/// far beyond, and relies on many small steps.
class SdaGuidance : public TrajectoryDenoiser {
 public:
  /// @param prior         outlives this
  /// @param observations  the slab's own
  /// @param gamma         weight of the denoiser's error in observation space, not negative; absent: A A^T 1
  /// @param map           to what operators see of the slab; null: it is what the prior sees. Otherwise they
  ///                      are linearised near x_hat
  SdaGuidance(TrajectoryDenoiser& prior, observation::Observations observations, std::optional<double> gamma,
              std::shared_ptr<const observation::FieldMap> map = nullptr);
  ~SdaGuidance() override;

  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override;

 private:
  TrajectoryDenoiser& prior_;
  observation::Observations observations_;
  std::shared_ptr<const observation::FieldMap> map_;
  std::unique_ptr<ErrorWeight> weight_;
};

/// Conditions a denoiser of trajectories on coarse observations, with the exact gradient of the likelihood
/// (`sda-exact`).
///
/// Returns eps - sigma grad_x log N(y; A(x_hat(x)), R + gamma (sigma/mu)^2). With q = (y - A x_hat) / (R +
/// gamma (sigma/mu)^2) and J = d eps/dx, that is eps - (sigma/mu) (A^T q - sigma J^T A^T q): one
/// vector-Jacobian product, through the network and across ranks. Source: Rozet & Louppe 2023, Eq. 13-15.
class SdaExactGuidance : public TrajectoryDenoiser {
 public:
  /// Parameters as of SdaGuidance.
  SdaExactGuidance(DifferentiableTrajectoryDenoiser& prior, observation::Observations observations,
                   std::optional<double> gamma, std::shared_ptr<const observation::FieldMap> map = nullptr);
  ~SdaExactGuidance() override;

  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override;

 private:
  DifferentiableTrajectoryDenoiser& prior_;
  observation::Observations observations_;
  std::shared_ptr<const observation::FieldMap> map_;
  std::unique_ptr<ErrorWeight> weight_;
};

/// How far the linear system of `mmps` is solved.
struct SolverOptions {
  std::int64_t steps = 3;           ///< at most, a vector-Jacobian product each
  std::optional<double> tolerance;  ///< relative residual to reach; absent: as far as the steps go
};

/// With so many products at most, a slab is kept of each, and their sum is the solution's; with more, one
/// more product gives that.
inline constexpr std::int64_t kMostSlabsKept = 4;

/// How one solve went.
struct SolveReport {
  NoiseLevel level;
  std::int64_t steps = 0;      ///< that the solution is made of
  std::int64_t products = 0;   ///< vector-Jacobian products to find it
  double residual = 1;         ///< |b - M v| / |b|
  bool is_indefinite = false;  ///< the matrix is not positive along the first direction: there is no solution
};

/// Conditions a denoiser of trajectories on coarse observations by moment matching (`mmps`).
///
/// With Cov(x_0 | x_t) = (sigma^2/mu) J, J = d x_hat/dx, solves (R + (sigma^2/mu) A J^T A^T) v = y - A x_hat
/// in a few steps and returns eps - sigma J^T A^T v. Source: Rozet et al. 2024 (moment matching posterior
/// sampling). All ranks of a team solve one system, inner products summed in the order of sets and their
/// observations.
///
/// J of a composed denoiser is not symmetric, so the solver is one that needs no symmetry: generalised
/// minimal residuals, whose residual never grows and vanishes in the end. Nor is J surely positive. Where the
/// very first direction shows that, the evaluation is that of `sda` with `gamma`. Beside the slab's estimate,
/// a slab is held of each of at most four products; with more steps, only the latest, and the solution takes
/// a product of its own.
class MmpsGuidance : public TrajectoryDenoiser {
 public:
  struct Options {
    SolverOptions solver;
    /// Whose J it is; null: the prior's. Outlives this, as the next does.
    DifferentiableTrajectoryDenoiser* covariance = nullptr;
    /// With whose J each step is preconditioned, by a solve of eight products; null: no preconditioner.
    DifferentiableTrajectoryDenoiser* preconditioner = nullptr;
    std::optional<double> gamma = {};  ///< of the fall-back; not negative; absent: A A^T 1
    OrderedSum ordered_sum;            ///< over the team
    std::function<void(const SolveReport&)> report = [](const SolveReport&) {};
    std::shared_ptr<const observation::FieldMap> map = nullptr;  ///< as SdaGuidance's
  };

  /// @param prior         outlives this
  /// @param observations  the slab's own
  MmpsGuidance(DifferentiableTrajectoryDenoiser& prior, observation::Observations observations,
               Options options);
  ~MmpsGuidance() override;

  /// @throws core::CollectiveError if the misfit is not finite, or if the solver does not reach its tolerance
  /// @note Collective over the team.
  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override;

 private:
  DifferentiableTrajectoryDenoiser& prior_;
  observation::Observations observations_;
  Options options_;
  std::unique_ptr<ErrorWeight> fallback_weight_;
};

}  // namespace foehn::diffusion

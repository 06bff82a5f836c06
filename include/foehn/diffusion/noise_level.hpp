#pragma once

#include <cstdint>
#include <vector>

namespace foehn::diffusion {

/// How much of a noisy field x_t = mu x_0 + sigma z is signal and how much is noise.
struct NoiseLevel {
  double t = 0;  ///< the schedule's own time, from 0 (clean) to 1 (noise)
  double mu = 1;
  double sigma = 0;
};

/// The variance-preserving cosine schedule: mu(t) = cos^2(acos(sqrt(eta)) t), sigma(t) = sqrt(1 - mu^2 +
/// eta^2). Source: Rozet & Louppe 2023; Schmidt et al. 2025.
struct VpCosine {
  double eta = 1e-3;

  /// @param t  in [0, 1]
  NoiseLevel at(double t) const;
  /// The level at which log(mu/sigma) has a value: mu^2 = (1 + eta^2) / (1 + exp(-2 lambda)).
  /// @param lambda  between those of t = 1 and of t = 0
  NoiseLevel at_log_ratio(double lambda) const;
};

/// What the steps from noise to fields are even in.
enum class Spacing {
  time,       ///< t
  log_ratio,  ///< lambda = log(mu/sigma)
};

/// The steps + 1 noise levels from t_first to t = 0.
/// @param steps    positive
/// @param t_first  above 0, at most 1
std::vector<NoiseLevel> noise_levels(const VpCosine& schedule, Spacing spacing, std::int64_t steps,
                                     double t_first = 1);

}  // namespace foehn::diffusion

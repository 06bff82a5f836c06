#pragma once

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
};

}  // namespace foehn::diffusion

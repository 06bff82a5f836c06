#pragma once

#include "foehn/diffusion/noise_level.hpp"

namespace foehn::training {

/// Which noise hides the fields that a network is trained on.
enum class NoiseKind {
  uniform,     ///< t ~ U(0, 1), of VpCosine. Source: Schmidt et al. 2025
  log_normal,  ///< ln sigma ~ N(mean, std^2), of Edm. Source: Karras et al. 2022
  high,        ///< sigma^(1/7) ~ U(sigma_min^(1/7), sigma_max^(1/7)), of Edm: far more of it, for extremes
};

struct NoiseDistribution {
  NoiseKind kind = NoiseKind::uniform;
  double mean = -1.2, std = 1.2;  ///< of log_normal

  /// The level below which the noise lies with a probability.
  /// @param schedule     of which the kind is
  /// @param probability  in (0, 1)
  diffusion::NoiseLevel quantile(const diffusion::Schedule& schedule, double probability) const;
};

}  // namespace foehn::training

#include "foehn/diffusion/noise_level.hpp"

#include <cmath>

namespace foehn::diffusion {

NoiseLevel VpCosine::at(double t) const {
  const double cosine = std::cos(std::acos(std::sqrt(eta)) * t);
  const double mu = cosine * cosine;
  return {t, mu, std::sqrt(1 - mu * mu + eta * eta)};
}

}  // namespace foehn::diffusion

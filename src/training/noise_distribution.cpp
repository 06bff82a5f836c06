#include "foehn/training/noise_distribution.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>

namespace foehn::training {

namespace {

double normal_quantile(double probability) {
  return std::numbers::sqrt2 * at::erfinv(at::scalar_tensor(2 * probability - 1, at::kDouble)).item<double>();
}

}  // namespace

diffusion::NoiseLevel NoiseDistribution::quantile(const diffusion::Schedule& schedule,
                                                  double probability) const {
  const auto of_sigma = [&](double log_sigma) { return schedule.at_log_ratio(-log_sigma); };
  switch (kind) {
    case NoiseKind::uniform:
      break;
    case NoiseKind::log_normal:
      return of_sigma(mean + std * normal_quantile(probability));
    case NoiseKind::high: {
      constexpr double kRho = 7;
      const double least = std::pow(schedule.clearest().sigma, 1 / kRho),
                   most = std::pow(schedule.noisiest().sigma, 1 / kRho);
      return of_sigma(kRho * std::log(least + probability * (most - least)));
    }
  }
  return schedule.at(probability);
}

}  // namespace foehn::training

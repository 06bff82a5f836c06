#include "foehn/diffusion/noise_level.hpp"

#include <algorithm>
#include <cmath>

namespace foehn::diffusion {

NoiseLevel VpCosine::at(double t) const {
  const double cosine = std::cos(std::acos(std::sqrt(eta)) * t);
  const double mu = cosine * cosine;
  return {t, mu, std::sqrt(1 - mu * mu + eta * eta)};
}

NoiseLevel VpCosine::at_log_ratio(double lambda) const {
  const double mu = std::sqrt((1 + eta * eta) / (1 + std::exp(-2 * lambda)));
  return at(std::acos(std::sqrt(std::min(mu, 1.0))) / std::acos(std::sqrt(eta)));
}

std::vector<NoiseLevel> noise_levels(const VpCosine& schedule, Spacing spacing, std::int64_t steps) {
  const auto log_ratio = [](const NoiseLevel& level) { return std::log(level.mu / level.sigma); };
  const double first = log_ratio(schedule.at(1)), last = log_ratio(schedule.at(0));
  std::vector<NoiseLevel> levels;
  for (std::int64_t step = 0; step <= steps; ++step) {
    const double done = static_cast<double>(step) / static_cast<double>(steps);
    // The ends are the schedule's own, not the nearest that a logarithm gives.
    const bool is_end = step == 0 || step == steps;
    levels.push_back(spacing == Spacing::kTime || is_end
                         ? schedule.at(1 - done)
                         : schedule.at_log_ratio(first + done * (last - first)));
  }
  return levels;
}

}  // namespace foehn::diffusion

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

std::vector<NoiseLevel> noise_levels(const VpCosine& schedule, Spacing spacing, std::int64_t steps,
                                     double t_first) {
  const auto log_ratio = [](const NoiseLevel& level) { return std::log(level.mu / level.sigma); };
  const NoiseLevel first = schedule.at(t_first), last = schedule.at(0);
  const double begin = log_ratio(first), end = log_ratio(last);
  // The ends are the schedule's own, not the nearest that a logarithm gives.
  std::vector<NoiseLevel> levels{first};
  for (std::int64_t step = 1; step < steps; ++step) {
    const double done = static_cast<double>(step) / static_cast<double>(steps);
    levels.push_back(spacing == Spacing::time ? schedule.at(first.t * (1 - done))
                                              : schedule.at_log_ratio(begin + done * (end - begin)));
  }
  levels.push_back(last);
  return levels;
}

}  // namespace foehn::diffusion

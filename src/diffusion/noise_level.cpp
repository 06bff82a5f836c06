#include "foehn/diffusion/noise_level.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace foehn::diffusion {

namespace {

// Of x_hat, of size 1, float32's rounding of x takes 6e-8 sigma, of (sigma^2/mu) dx_hat/dx 6e-8 sigma^2: here
// less than a thousandth. VpCosine's sigma is never above 1.
constexpr double kMostForFloat32 = 100;
constexpr double kRho = 7;

double log_ratio(const NoiseLevel& level) {
  return std::log(level.mu / level.sigma);
}

/// Of Edm, with this very sigma, which the logarithm and back would round.
NoiseLevel at_sigma(double sigma) {
  return {std::log(sigma) / 4, 1, sigma};
}

/// The level `done` of the way between two.
NoiseLevel level_between(const Schedule& schedule, Spacing spacing, const NoiseLevel& first,
                         const NoiseLevel& last, double done) {
  const auto between = [done](double from, double to) { return from + done * (to - from); };
  switch (spacing) {
    case Spacing::time:
      return schedule.at(between(first.t, last.t));
    case Spacing::log_ratio:
      return schedule.at_log_ratio(between(log_ratio(first), log_ratio(last)));
    case Spacing::power:
      break;
  }
  const auto root = [](const NoiseLevel& level) { return std::pow(level.sigma / level.mu, 1 / kRho); };
  return schedule.at_log_ratio(-kRho * std::log(between(root(first), root(last))));
}

std::vector<NoiseLevel> levels_between(const Schedule& schedule, Spacing spacing, std::int64_t steps,
                                       const NoiseLevel& first) {
  const bool ends_clean = schedule.edm() != nullptr;
  const NoiseLevel last = schedule.clearest();
  const std::int64_t parts = ends_clean ? steps - 1 : steps;
  // The ends are the schedule's own, not the nearest that a logarithm gives.
  std::vector<NoiseLevel> levels{first};
  for (std::int64_t part = 1; part < parts; ++part)
    levels.push_back(level_between(schedule, spacing, first, last,
                                   static_cast<double>(part) / static_cast<double>(parts)));
  if (parts > 0) levels.push_back(last);
  if (ends_clean) levels.push_back({-std::numeric_limits<double>::infinity(), 1, 0});
  return levels;
}

}  // namespace

bool needs_float64(const NoiseLevel& level) {
  return level.sigma > kMostForFloat32;
}

NoiseLevel VpCosine::at(double t) const {
  const double cosine = std::cos(std::acos(std::sqrt(eta)) * t);
  const double mu = cosine * cosine;
  return {t, mu, std::sqrt(1 - mu * mu + eta * eta)};
}

NoiseLevel VpCosine::at_log_ratio(double lambda) const {
  const double mu = std::sqrt((1 + eta * eta) / (1 + std::exp(-2 * lambda)));
  return at(std::acos(std::sqrt(std::min(mu, 1.0))) / std::acos(std::sqrt(eta)));
}

NoiseLevel Edm::at(double t) const {
  return {t, 1, std::exp(4 * t)};
}

NoiseLevel Edm::at_log_ratio(double lambda) const {
  return at(-lambda / 4);
}

NoiseLevel Schedule::at(double t) const {
  return std::visit([t](const auto& schedule) { return schedule.at(t); }, schedule_);
}

NoiseLevel Schedule::at_log_ratio(double lambda) const {
  return std::visit([lambda](const auto& schedule) { return schedule.at_log_ratio(lambda); }, schedule_);
}

NoiseLevel Schedule::noisiest() const {
  return edm() != nullptr ? at_sigma(edm()->sigma_max) : at(1);
}

NoiseLevel Schedule::clearest() const {
  return edm() != nullptr ? at_sigma(edm()->sigma_min) : at(0);
}

std::string describe(const Schedule& schedule) {
  if (const VpCosine* cosine = schedule.vp_cosine()) return fmt::format("vp-cosine, eta {:g}", cosine->eta);
  const Edm& edm = *schedule.edm();
  return fmt::format("edm, sigma {:g} to {:g}, data {:g}", edm.sigma_min, edm.sigma_max, edm.sigma_data);
}

std::vector<NoiseLevel> noise_levels(const Schedule& schedule, Spacing spacing, std::int64_t steps,
                                     double t_first) {
  return levels_between(schedule, spacing, steps, schedule.at(t_first));
}

std::vector<NoiseLevel> noise_levels(const Schedule& schedule, Spacing spacing, std::int64_t steps) {
  return levels_between(schedule, spacing, steps, schedule.noisiest());
}

}  // namespace foehn::diffusion

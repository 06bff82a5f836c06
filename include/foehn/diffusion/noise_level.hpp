#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace foehn::diffusion {

/// How much of a noisy field x_t = mu x_0 + sigma z is signal and how much is noise.
struct NoiseLevel {
  double t = 0;  ///< the schedule's own time, by which a network knows the level
  double mu = 1;
  double sigma = 0;
};

/// Whether sums and differences at a level are to be taken in float64. With so much noise that x itself is
/// large, x - sigma eps leaves little of a float32's digits to x_hat, and nothing to (sigma^2/mu) dx_hat/dx.
/// Steps do not need it: rounding takes 6e-8 sigma from x, as it does at any level.
bool needs_float64(const NoiseLevel& level);

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

/// The schedule of Karras et al. 2022 (EDM): mu = 1, noise of any sigma added. Its time is the c_noise by
/// which their networks know a level, t = ln(sigma)/4; clean fields lie at t = -infinity, where no network
/// looks.
struct Edm {
  double sigma_min = 0.002;  ///< of the last level above 0 that a sampler visits
  double sigma_max = 80;     ///< of the first
  double sigma_data = 1;     ///< root mean square of clean fields, by which a network's values are scaled

  /// @param t  any
  NoiseLevel at(double t) const;
  /// The level at which log(mu/sigma) has a value.
  NoiseLevel at_log_ratio(double lambda) const;
};

/// A schedule of noise: either of the two.
class Schedule {
 public:
  Schedule() = default;
  Schedule(const VpCosine& schedule) : schedule_(schedule) {}
  Schedule(const Edm& schedule) : schedule_(schedule) {}

  NoiseLevel at(double t) const;
  NoiseLevel at_log_ratio(double lambda) const;
  /// The level of most noise.
  NoiseLevel noisiest() const;
  /// The level of least noise at which a denoiser is evaluated.
  NoiseLevel clearest() const;
  /// Null if it is the other one.
  const VpCosine* vp_cosine() const { return std::get_if<VpCosine>(&schedule_); }
  const Edm* edm() const { return std::get_if<Edm>(&schedule_); }

 private:
  std::variant<VpCosine, Edm> schedule_;
};

/// "edm, sigma 0.002 to 80, data 1".
std::string describe(const Schedule& schedule);

/// What the steps from noise to fields are even in.
enum class Spacing {
  time,       ///< t
  log_ratio,  ///< lambda = log(mu/sigma)
  power,      ///< (sigma/mu)^(1/7). Source: Karras et al. 2022, Eq. 5, rho = 7
};

/// The steps + 1 noise levels from the one at t_first to the end: of VpCosine t = 0; of Edm sigma_min and
/// then exactly sigma = 0, so that its last step leaves no noise.
/// @param steps    positive
/// @param t_first  of the schedule, above its end
std::vector<NoiseLevel> noise_levels(const Schedule& schedule, Spacing spacing, std::int64_t steps,
                                     double t_first);
/// The same from the schedule's noisiest level.
std::vector<NoiseLevel> noise_levels(const Schedule& schedule, Spacing spacing, std::int64_t steps);

}  // namespace foehn::diffusion

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::model {

/// An isotropic random field on the sphere, of spherical harmonics up to a degree.
///
/// The variance of degree l is proportional to (2 l + 1) (1 + (l/l_0)^2)^-(nu + 1), the spectrum of a Matérn
/// field, and all degrees sum to the square of the standard deviation. From one hour to the next each
/// coefficient keeps exp(-sqrt(1 + (l/l_0)^2)/memory) of itself: small scales forget faster.
struct IsotropicField {
  double standard_deviation = 1;  ///< in the field's unit
  double smoothness = 1;          ///< nu
  double degree = 6;              ///< l_0, beyond which the spectrum falls off
  double memory_hours = 24;       ///< of the largest scales
};

struct SphericalClimateOptions {
  std::string grid = "O32";         ///< an octahedral grid, as grid::named_grid takes it
  std::int64_t highest_degree = 0;  ///< of spherical harmonics; 0: N - 1 for O-N, a cubic grid
  std::uint64_t seed = 0;
  std::int64_t first_seconds = 0;  ///< first hour, since 1970-01-01; the phase of the diurnal cycle

  IsotropicField pressure{800, 2.5, 6, 48};        ///< psl, Pa
  IsotropicField local_temperature{2, 1, 10, 24};  ///< the part of tas that pressure does not make, K
  double temperature_of_pressure = -1.5e-3;        ///< K Pa-1
};

/// A toy reanalysis of the globe: hourly psl and tas that are jointly Gaussian about a known mean, isotropic,
/// and stationary, with a covariance known in closed form.
///
/// With independent first-order autoregressions p and q of the coefficients of spherical harmonics, psl has
/// the anomaly p, and tas the anomaly k p + q. The covariance of p at an angle g and a lag in hours is sum_l
/// S_l r_l^lag P_l(cos g), S_l and r_l being the variance and the memory of degree l (IsotropicField). Noise
/// is counter-based, so the same seed gives the same weather whatever pieces it is drawn in.
class SphericalClimate {
 public:
  enum Variable : std::int64_t { psl, tas };
  static constexpr std::int64_t kVariables = 2;
  static const std::vector<io::Variable>& variables();

  /// @throws Error as grid::named_grid, or a degree that the grid's rows do not resolve
  explicit SphericalClimate(const SphericalClimateOptions& options);
  ~SphericalClimate();
  SphericalClimate(SphericalClimate&&) noexcept;
  SphericalClimate& operator=(SphericalClimate&&) noexcept;

  const grid::Grid& grid() const;
  /// Draws the hours that follow those drawn before.
  /// @param values  [hour, variable, cell]
  void draw(std::span<float> values);
  /// The mean at an hour, [variable, cell]: tas falls from the equator to the poles and has a diurnal cycle.
  std::vector<double> mean(std::int64_t hour) const;
  /// The covariance of `first` with `second`, which comes lag_hours, 0 or more, later.
  /// @param cosine  of the angle between both places
  double covariance(Variable first, Variable second, std::int64_t lag_hours, double cosine) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace foehn::model

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::model {

/// A random field with a Matérn spectrum and a memory that is shorter for smaller scales.
struct MaternField {
  double standard_deviation = 1;  ///< in the field's unit
  double smoothness = 1;          ///< nu; derivatives of order below nu exist
  double length_km = 100;         ///< l; the spectrum falls off beyond the wavenumber sqrt(2 nu) / l
  double memory_hours = 24;       ///< e-folding time of the largest scales
};

struct SyntheticClimateOptions {
  std::int64_t ny = 128;  ///< cells along latitude, south to north
  std::int64_t nx = 128;  ///< cells along longitude
  double spacing_degrees = 0.25;
  double centre_latitude = 54;   ///< degrees north, of the domain
  double centre_longitude = -4;  ///< degrees east
  std::uint64_t seed = 0;
  std::int64_t first_seconds = 0;  ///< first hour, since 1970-01-01; the phase of the diurnal cycle

  MaternField pressure{800, 2.5, 1000, 48};      ///< psl, Pa
  MaternField local_temperature{2, 1, 250, 24};  ///< the part of tas that advection does not make, K
  double mean_eastward_wind = 7;                 ///< m s-1; the mean flow also carries all anomalies along
  double mean_northward_wind = 2;                ///< m s-1
  double temperature_gradient_per_1000_km = -6;  ///< K northward per 1000 km, of mean tas
};

/// The known covariance between two variables at one lag in time, for every offset inside the domain.
class CovarianceMap {
 public:
  CovarianceMap(std::int64_t ny, std::int64_t nx, std::vector<double> values)
      : ny_(ny), nx_(nx), values_(std::move(values)) {}

  /// @param dy, dx  offset in cells, smaller than the domain's size
  double at(std::int64_t dy, std::int64_t dx) const {
    return values_[((dy + ny_) % ny_) * nx_ + (dx + nx_) % nx_];
  }

 private:
  std::int64_t ny_, nx_;
  std::vector<double> values_;
};

/// A toy reanalysis: hourly psl, tas, uas and vas that are jointly Gaussian, with a covariance known in
/// closed form.
///
/// Anomalies live on a plane with one Coriolis parameter f (that of the domain's centre), periodic over an
/// extent larger than the domain, so that the domain cut out of it is homogeneous and not periodic. Each
/// wavevector q carries a stationary first-order vector autoregression of pressure p and temperature T, one
/// hour a step:
///
///     p' = a p + noise,   T' = b (T + h g p) + noise,   a, b = exp(-h r(q) - i q.U h),
///
/// with h one hour, U the mean flow, r(q) the inverse memory of each field, and g p the advection of the mean
/// temperature gradient by the geostrophic meridional wind. Winds are geostrophic: u = -(dp/dy) / (rho f), v
/// = (dp/dx) / (rho f). Added to them are means in geostrophic balance, a fixed orography (its lapse rate in
/// tas; the same for every seed) and a diurnal cycle of tas that is stronger over land.
class SyntheticClimate {
 public:
  /// Index of a variable in fields and in variables().
  enum Variable : std::int64_t { psl, tas, uas, vas, kVariables };

  /// @throws Error if the grid reaches a pole or the equator
  explicit SyntheticClimate(const SyntheticClimateOptions& options);
  ~SyntheticClimate();
  SyntheticClimate(SyntheticClimate&&) noexcept;
  SyntheticClimate& operator=(SyntheticClimate&&) noexcept;

  static const std::vector<io::Variable>& variables();  ///< Pa, K, m s-1, m s-1
  const grid::Grid& grid() const;

  /// Draws the next hours, beginning with the first; the first hour is a draw from the stationary
  /// distribution.
  ///
  /// The numbers depend on the options and the hour alone, not on how many hours are drawn at a time.
  /// @param values  filled whole, [hour, variable, y, x]; its size is a multiple of an hour's
  void draw(std::span<float> values);

  /// Expected fields of an hour (counted from the first), [variable, y, x].
  std::vector<double> mean(std::int64_t hour) const;
  /// Covariance of `first` at (hour, y, x) with `second` at (hour + lag_hours, y + dy, x + dx), by (dy, dx).
  /// @param lag_hours  not negative
  CovarianceMap covariance(Variable first, Variable second, std::int64_t lag_hours) const;
  /// Standard deviation of a variable about its mean, the same at every hour and cell.
  double standard_deviation(Variable variable) const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace foehn::model

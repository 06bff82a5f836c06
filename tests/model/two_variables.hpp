#pragma once

#include <ATen/ATen.h>

#include <optional>

#include "foehn/model/domain.hpp"

namespace foehn::model {

/// A domain of pressure and wind on 4 x 6 cells, hourly, without leap days.
/// @param quantiles  [2, 9]
inline Domain two_variables(const Normalisation& normalisation, const at::Tensor& quantiles) {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {58, 57.75, 57.5, 57.25}},
                  {"lon", "longitude", "degrees_east", {-3, -2.75, -2.5, -2.25, -2, -1.75}},
                  std::nullopt};
  return {{{"psl", "air_pressure_at_mean_sea_level", "Pa"}, {"uas", "eastward_wind", "m s-1"}},
          grid,
          calendar::Calendar::noleap,
          3600,
          normalisation,
          quantiles};
}

/// Anomalies of its fields from a random climatology with a daily cycle.
inline Normalisation anomalies_of_two_variables(const std::optional<Deviation>& deviation = {}) {
  return Normalisation::anomaly(
      Climatology(harmonics_for(3600, 5 * 86400), at::randn({5, 2, 4, 6}, at::kDouble)),
      at::tensor({700.0, 4.0}, at::kDouble), deviation);
}

}  // namespace foehn::model

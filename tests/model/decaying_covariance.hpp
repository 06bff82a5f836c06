#pragma once

#include <ATen/ATen.h>

#include <cmath>

namespace foehn::model {

/// A covariance by lag, as GaussianPrior takes it: smaller in finer modes, correlated by 0.4 between
/// variables, and falling as 0.8^lag.
/// @return  [hour, variable, variable, y, x]
inline at::Tensor decaying_covariance(std::int64_t hours, std::int64_t variables, std::int64_t ny,
                                      std::int64_t nx) {
  at::Tensor covariance = at::zeros({hours, variables, variables, ny, nx}, at::kDouble);
  const at::Tensor variance = 1 / (1 + at::arange(ny * nx, at::kDouble).reshape({ny, nx}));
  for (std::int64_t lag = 0; lag < hours; ++lag)
    for (std::int64_t a = 0; a < variables; ++a)
      for (std::int64_t b = 0; b < variables; ++b)
        covariance[lag][a][b] = variance * ((a == b ? 1 : 0.4) * std::pow(0.8, static_cast<double>(lag)));
  return covariance;
}

}  // namespace foehn::model

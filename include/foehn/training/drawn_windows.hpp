#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "foehn/core/philox.hpp"
#include "foehn/model/clock.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/gaussian_prior.hpp"

namespace foehn::training {

/// Windows drawn from the Gaussian prior that was fitted to a record, normalised as the record's own are.
class DrawnWindows {
 public:
  /// @param lag_covariance  as in GaussianPrior, for `hours` or more
  /// @param gaussian        what its anomalies are normalised by
  /// @param normalisation   what the record's are; of the same climatology
  /// @param clock           of the record
  /// @param hours           of a window
  DrawnWindows(const at::Tensor& lag_covariance, model::Normalisation gaussian,
               model::Normalisation normalisation, const model::Clock& clock, std::int64_t hours);

  /// @param first_hour  of the record: deviations may change in time
  /// @return            [hour, variable, y, x], float32
  at::Tensor draw(std::int64_t first_hour, const core::NoiseKey& key, std::uint32_t number) const;

 private:
  /// One unit of the Gaussian prior's anomalies at an hour of the record, [variable, y, x] or [variable, 1,
  /// 1].
  at::Tensor unit(std::int64_t hour) const;

  model::GaussianPrior prior_;
  model::Normalisation gaussian_, normalisation_;
  model::Clock clock_;
};

}  // namespace foehn::training

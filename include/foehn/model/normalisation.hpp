#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <variant>

#include "foehn/calendar/date_time.hpp"
#include "foehn/model/climatology.hpp"

namespace foehn::model {

/// The way between physical and normalised fields: physical = offset + scale * normalised, one scale a
/// variable.
///
/// Modes: `anomaly`, whose offset is a climatology, or Climate2Weather's, whose offset and scale come from
/// quantiles over all cells and instants (qNN at level 0.NN): quant95 (x - q05)/(q95 - q05), quant99
/// (x - q01)/(q99 - q01), minmax (x - q0)/(q1 - q0), robust (x - q50)/(q75 - q25), robust95
/// (x - q50)/(q95 - q05).
class Normalisation {
 public:
  /// @param scale  [variable], physical units, float64
  static Normalisation anomaly(Climatology climatology, const at::Tensor& scale);
  /// @param mode       one of those that come from quantiles
  /// @param quantiles  [variable, Domain::kQuantileLevels], physical units, float64
  /// @throws core::Error naming a mode that is not known
  static Normalisation of_quantiles(const std::string& mode, const at::Tensor& quantiles);

  const std::string& mode() const { return mode_; }
  /// [variable], contiguous.
  const at::Tensor& scale() const { return scale_; }
  /// Null in all modes but `anomaly`.
  const Climatology* climatology() const { return std::get_if<Climatology>(&offset_); }

  /// @param physical  one instant, [variable, y, x]
  /// @return          normalised, float64
  at::Tensor normalise(const at::Tensor& physical, std::int64_t seconds, calendar::Calendar calendar) const;
  /// Inverse of normalise.
  at::Tensor physical(const at::Tensor& normalised, std::int64_t seconds, calendar::Calendar calendar) const;
  /// The normalisation of block means.
  Normalisation block_mean(std::int64_t block) const;

 private:
  Normalisation(std::string mode, std::variant<Climatology, at::Tensor> offset, const at::Tensor& scale);
  at::Tensor offset(std::int64_t seconds, calendar::Calendar calendar) const;

  std::string mode_;
  std::variant<Climatology, at::Tensor> offset_;  // of an instant; or the same always, [variable, 1, 1]
  at::Tensor scale_;
};

}  // namespace foehn::model

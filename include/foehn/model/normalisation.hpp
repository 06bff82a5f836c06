#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "foehn/calendar/date_time.hpp"
#include "foehn/model/climatology.hpp"
#include "foehn/model/deviation.hpp"
#include "foehn/observation/transform.hpp"

namespace foehn::model {

/// The way between physical and normalised fields: physical = offset + scale * deviation * normalised, one
/// scale per variable.
///
/// Modes: `anomaly`, whose offset is a climatology and whose deviation, which may differ from cell to cell
/// and change in time, makes anomalies alike everywhere (1 where a prior has none); or Climate2Weather's,
/// whose offset and scale come from quantiles over all cells and instants (qNN at level 0.NN): quant95 (x -
/// q05)/(q95 - q05), quant99 (x - q01)/(q99 - q01), minmax (x - q0)/(q1 - q0), robust (x - q50)/(q75 - q25),
/// robust95 (x - q50)/(q95 - q05).
///
/// A variable may be transformed before all that: then offset, scale and deviation are of its transformed
/// values, and physical values never leave its bounds.
class Normalisation {
 public:
  /// @param scale  [variable], physical units, float64
  static Normalisation anomaly(Climatology climatology, const at::Tensor& scale,
                               std::optional<Deviation> deviation = {},
                               observation::Transforms transforms = {});
  /// @param mode       one of those that come from quantiles
  /// @param quantiles  [variable, Domain::kQuantileLevels], physical units, float64
  /// @throws core::Error naming a mode that is not known
  static Normalisation of_quantiles(const std::string& mode, const at::Tensor& quantiles,
                                    observation::Transforms transforms = {});

  const std::string& mode() const { return mode_; }
  /// [variable], contiguous.
  const at::Tensor& scale() const { return scale_; }
  /// Null in all modes but `anomaly`.
  const Climatology* climatology() const { return std::get_if<Climatology>(&offset_); }
  /// Null where it is 1.
  const Deviation* deviation() const { return deviation_ ? &*deviation_ : nullptr; }

  /// One per variable; empty: none is transformed.
  const observation::Transforms& transforms() const { return transforms_; }

  /// @param physical  one instant, [variable, y, x]
  /// @return          normalised, float64
  at::Tensor normalise(const at::Tensor& physical, std::int64_t seconds, calendar::Calendar calendar) const;
  /// Inverse of normalise.
  at::Tensor physical(const at::Tensor& normalised, std::int64_t seconds, calendar::Calendar calendar) const;
  /// The same of values that are transformed already.
  at::Tensor normalise_transformed(const at::Tensor& transformed, std::int64_t seconds,
                                   calendar::Calendar calendar) const;
  /// What transformed values are at 0, [variable, y, x] or [variable, 1, 1], float64.
  at::Tensor offset(std::int64_t seconds, calendar::Calendar calendar) const;
  /// Scale times deviation, [variable, y, x] or [variable, 1, 1].
  at::Tensor unit(std::int64_t seconds, calendar::Calendar calendar) const;
  /// Do offset and unit never change?
  bool is_constant() const;
  /// The daily cycle of the climatology, normalised, [variable, y, x], float64; only where there is one.
  at::Tensor daily_cycle(std::int64_t seconds, calendar::Calendar calendar) const;
  /// The normalisation of block means. Its deviation is 1: that of the cells of a block is part of the way
  /// from normalised fields to block means (see observation::BlockMeanOperator).
  Normalisation block_mean(std::int64_t block) const;
  /// That of one variable, without a climatology.
  Normalisation of_variable(std::int64_t variable) const;
  /// What observations are normalised by, as operators are linear in physical values: that of transformed
  /// variables is one scale, without an offset; the others' is as it is.
  /// @param scale  [variable], physical units; used of those that are transformed
  Normalisation of_observations(const at::Tensor& scale) const;

 private:
  Normalisation(std::string mode, std::variant<Climatology, at::Tensor> offset, const at::Tensor& scale);
  std::string mode_;
  std::variant<Climatology, at::Tensor> offset_;  // of an instant; or the same always, [variable, 1, 1]
  at::Tensor scale_;
  std::optional<Deviation> deviation_;
  observation::Transforms transforms_;
};

}  // namespace foehn::model

#pragma once

#include <cstdint>
#include <functional>

#include "foehn/io/field_reader.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::model {

/// What fields of a prior that is given coarse ones are normalised by.
struct ResidualFit {
  Normalisation normalisation;  ///< by which residuals of hours that no climatology knows have unit size
  /// By how much residuals are larger where the climatology does not know their hour, [variable], float64:
  /// those of the period must be multiplied by this to have unit size.
  at::Tensor inflation;
};

/// How often fit_residuals reads the period, in addition to what TransformedFields::passes says.
inline constexpr std::int64_t kResidualFitPasses = 2;

/// @throws core::Error if the period has too few hours for a gap of each length and block
void check_residual_fit(io::IndexRange period, const CoarseForm& form);

/// Estimates how much fields vary that are given coarse ones, in bounded memory: the scale and the deviation
/// of anomalies minus their coarse fields, from climatologies that do not know their hours, as
/// fit_gaussian_prior does of the anomalies themselves.
///
/// The period is cut into gaps between snapshots, of each length and block of the form in turn. Between two
/// of them lies an hour that is left out, so that snapshots fall on all hours of the day.
///
/// @param period     instants of the reader to use; at least one gap of each length and block
/// @param domain     of the period's anomalies: its climatology and its transforms are the result's too
/// @param form       blocks and hours between snapshots; the scale is not looked at
/// @param may_deviate  whether residuals may be normalised by a deviation that differs between cells and
///                     instants
/// @param advanced   called with the number of instants read, for progress: kResidualFitPasses and
///                   TransformedFields::passes times the period in all
/// @throws core::Error as check_residual_fit, or if a variable has no residual
ResidualFit fit_residuals(const io::FieldReader& reader, io::IndexRange period, const Domain& domain,
                          const CoarseForm& form, bool may_deviate,
                          const std::function<void(std::int64_t)>& advanced);

}  // namespace foehn::model

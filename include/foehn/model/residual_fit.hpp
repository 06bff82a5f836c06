#pragma once

#include <cstdint>
#include <functional>

#include "foehn/io/field_reader.hpp"
#include "foehn/model/coarse_fields.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::model {

/// Estimates how much fields vary that are given coarse ones, in one pass and bounded memory: the scale and
/// the deviation of anomalies minus their coarse fields, as fit_gaussian_prior does of the anomalies
/// themselves.
///
/// The period is cut into gaps between snapshots, of each length and block of the form in turn. Between two
/// of them lies an hour that is left out, so that snapshots fall on all hours of the day.
///
/// @param period     instants of the reader to use; at least one gap of each length and block
/// @param domain     of the period's anomalies: its climatology is the result's too
/// @param form       blocks and hours between snapshots; the scale is not looked at
/// @param may_deviate  whether residuals may be normalised by a deviation that differs between cells and
///                     instants
/// @param advanced   called with the number of instants read, for progress; period.size() in all
/// @return           a normalisation by which residuals have unit size
/// @throws core::Error if the period has too few hours, or a variable has no residual
Normalisation fit_residuals(const io::FieldReader& reader, io::IndexRange period, const Domain& domain,
                            const CoarseForm& form, bool may_deviate,
                            const std::function<void(std::int64_t)>& advanced);

}  // namespace foehn::model

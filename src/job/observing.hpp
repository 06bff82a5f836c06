#pragma once

#include <memory>
#include <vector>

#include "foehn/conditioning/native_input.hpp"
#include "foehn/conditioning/observation_input.hpp"
#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/point_input.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::job {

/// Where a job's observations in blocks come from; null if it names none.
/// @throws core::UsageError if those of a climate model's files are to be on its own grid
std::unique_ptr<conditioning::ObservationInput> open_input(const Settings& settings,
                                                           const model::Domain& domain);

/// A job's observations on a climate model's own grid; null if it names none.
/// @param domain  outlives it
std::unique_ptr<conditioning::NativeInput> open_native(const Settings& settings, const model::Domain& domain);

/// A job's observations at points; null if it names none.
/// @param domain  outlives it
std::unique_ptr<conditioning::PointInput> open_points(const Settings& settings, const model::Domain& domain);

/// The trajectory's place in time: as the settings say, or that of the coarse observations; where there are
/// none, that of the observations at points.
/// @param points  null: none
/// @throws core::UsageError if neither says it,
///         core::Error for a start after the last observation
///         or too many hours
conditioning::Period choose_period(const Settings& settings, const model::Domain& domain,
                                   const std::vector<conditioning::Series>& observations,
                                   const conditioning::PointInput* points);

/// The coarse observations' errors: standard deviations in physical units, inflated, one per variable.
/// @throws core::UsageError if none or both kinds are given, or another number of them
std::vector<double> physical_std(const Settings& settings, const model::Domain& domain);

/// Multiplies the standard deviations of the errors of observations at points.
void inflate(std::vector<conditioning::PointSet>& sets, double factor);

/// Says which variables the prior alone decides.
void say_unobserved(const Plan& plan, const model::Domain& domain);

}  // namespace foehn::job

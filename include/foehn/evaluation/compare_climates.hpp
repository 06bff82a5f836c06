#pragma once

#include "foehn/evaluation/climate_change.hpp"
#include "foehn/evaluation/ranks.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Checks that members of two periods can be compared.
/// @throws Error naming what differs: variables, grid, blocks, step, calendar, the prior that they were drawn
/// from, or the observations' times; or if the historical period does not end before the future one begins
void check_periods(const Sources& historical, const SourceFiles& historical_files, const Sources& future,
                   const SourceFiles& future_files);

ClimatePeriod climate_period(const Sources& sources);

/// Compares the climates of two periods. Members are shared out over the ranks, in memory that does not grow
/// with the hours. The same bits on any number of ranks.
/// @return  on the root; without changes on the others
/// @throws Error if values cannot be read
/// @note Collective.
ClimateChange compare_climates(const Sources& historical, const Sources& future, const VerifyOptions& options,
                               const Ranks& ranks = {});

}  // namespace foehn::evaluation

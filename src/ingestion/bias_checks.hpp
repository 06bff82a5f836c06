#pragma once

#include <string>
#include <vector>

#include "foehn/bias/calibration.hpp"
#include "foehn/ingestion/preparation_inputs.hpp"

namespace foehn::ingestion {

using Streams = std::vector<ObservationStream>;

bias::DailyTimes daily_times(const ObservationStream& stream);

/// Distributions of other hours of the day differ by the diurnal cycle, which is not bias.
/// @param names  of the variables
/// @param of     what the expected belong to, with a verb: "input.files hold"
/// @throws core::Error naming both
void require_alike(const std::string& names, const bias::DailyTimes& found, const bias::DailyTimes& expected,
                   const std::string& of);
/// The same of each variable. Where it holds, variables are sorted into the same streams.
void require_alike(const Streams& found, const Streams& expected, const std::string& of);

/// What the statistics of a historical run and a reference are made of.
bias::Origin origin_of(const Streams& historical, const PreparationTask& options);

/// Checks that statistics are of what they are wanted for; warns if they are of another climate model.
/// @throws core::Error naming both if they are of another grid, lack a variable, or are of another unit or
///         other hours of the day; core::UsageError if an option says of them what they are not
void check_statistics(const bias::CalibrationFile& statistics, const PreparationTask& options,
                      const Streams& streams);

/// Warns if the bias of one climate model is taken for that of another.
void warn_of_another_model(const std::string& historical_source_id, const Streams& scenario);

}  // namespace foehn::ingestion

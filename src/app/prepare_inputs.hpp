#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foehn/ingestion/find_records.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "plausible_range.hpp"
#include "prepare_options.hpp"

namespace foehn::app {

/// What observations are to be: those that a prior's domain asks for.
struct PrepareTarget {
  std::vector<io::Variable> variables;
  std::vector<PlausibleRange> plausible;  ///< [variable]
  std::int64_t step_seconds = 3600;
  ingestion::Target target;
};

/// @throws core::Error if the domain cannot be read or the block does not divide it, core::UsageError for
///         options that do not go together
PrepareTarget prepare_target(const PrepareOptions& options);

/// The prior's variables, with what the options say of them.
std::vector<ingestion::WantedVariable> wanted_variables(const PrepareOptions& options,
                                                        const std::vector<io::Variable>& variables);

/// Leaves of a record the period that is wanted.
using RecordCut = std::function<void(ingestion::Record& record)>;

/// Finds the target's variables in files or globs, and cuts them to a period.
std::vector<ingestion::Record> find_records(const PrepareOptions& options, const PrepareTarget& target,
                                            const std::vector<std::string>& files, const RecordCut& cut);

/// "tas, psl"
std::string names_of(const ingestion::ObservationStream& stream);

/// Logs how many values of each variable were missing.
/// @param stream  read to its end
void say_missing(const ingestion::ObservationStream& stream);

/// Opens what is to be prepared: snapshots, means, or both.
/// @throws core::Error naming what is wrong with the files, or times that are no steps of the prior
std::vector<ingestion::ObservationStream> open_streams(const PrepareOptions& options,
                                                       const PrepareTarget& target, const RecordCut& cut);

/// Leaves of a record what a trajectory observes: snapshots at its hours, and means over hours that all lie
/// in it. The record must reach either end to within one of its steps.
/// @param start  first hour of the trajectory, a date in the record's calendar; empty: the record's first
/// @param hours  steps of the trajectory; 0: up to the record's end. Only with a start.
/// @throws core::Error naming the variable, its file and the dates if the record is too short
void cut_to_trajectory(ingestion::Record& record, const std::string& start, std::int64_t hours,
                       std::int64_t step_seconds);

}  // namespace foehn::app

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "foehn/ingestion/find_records.hpp"
#include "foehn/ingestion/observation_stream.hpp"
#include "foehn/ingestion/plausible_range.hpp"
#include "foehn/ingestion/preparation_options.hpp"

namespace foehn::ingestion {

/// What observations are prepared for: the domain of a prior.
struct FineDomain {
  std::vector<io::Variable> variables;
  grid::Grid grid;
  std::int64_t step_seconds = 3600;
  std::vector<PlausibleRange> plausible;  ///< [variable]
  std::filesystem::path file;             ///< that it was read from
};

/// What observations are to be: those that a domain asks for.
struct PreparationTarget {
  std::vector<io::Variable> variables;
  std::vector<PlausibleRange> plausible;  ///< [variable]
  std::int64_t step_seconds = 3600;
  Target target;
};

/// @throws core::Error if the block does not divide the domain, core::UsageError for options that do not go
///         together
PreparationTarget prepare_target(const PreparationTask& options, const FineDomain& domain);

/// The prior's variables, with what the options say of them.
std::vector<WantedVariable> wanted_variables(const PreparationTask& options,
                                             const std::vector<io::Variable>& variables);

/// Leaves of a record the period that is wanted.
using RecordCut = std::function<void(Record& record)>;

/// Finds the target's variables in files or globs, and cuts them to a period.
std::vector<Record> find_records(const PreparationTask& options, const PreparationTarget& target,
                                 const std::vector<std::string>& files, const RecordCut& cut);

/// "tas, psl"
std::string names_of(const ObservationStream& stream);

/// Logs how many values of each variable were missing.
/// @param stream  read to its end
void say_missing(const ObservationStream& stream);

/// Opens what is to be prepared: snapshots, means, or both.
/// @throws core::Error naming what is wrong with the files, or times that are not steps of the prior
std::vector<ObservationStream> open_streams(const PreparationTask& options, const PreparationTarget& target,
                                            const RecordCut& cut);

/// Leaves of a record what a trajectory observes: snapshots at its hours, and means over hours that all lie
/// in it. The record must reach either end to within one of its steps.
/// @param start  first hour of the trajectory, a date in the record's calendar; empty: the record's first
/// @param hours  steps of the trajectory; 0: up to the record's end. Only with a start.
/// @throws core::Error naming the variable, its file and the dates if the record is too short
void cut_to_trajectory(Record& record, const std::string& start, std::int64_t hours,
                       std::int64_t step_seconds);

}  // namespace foehn::ingestion

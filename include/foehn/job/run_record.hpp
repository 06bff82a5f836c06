#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "foehn/job/plan.hpp"
#include "foehn/job/resources.hpp"
#include "foehn/job/run.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::job {

/// Writes run.json into the output folder: options, versions, seed, digests, the members' files that are
/// there, timings, memory and self-check. The members' own files hold nothing that differs from run to run.
/// @param state   "done", "stopped" with a checkpoint, or "unfinished": under way, or dead
/// @param result  null where it is not known
void write_run_record(const Plan& plan, const Resources& root, const model::Domain& domain,
                      const std::string& state, const Result* result);

/// What run.json says of a run.
struct RecordedRun {
  std::string state;         ///< as write_run_record
  std::int64_t ranks = 0;    ///< of the process that ended last; 0 where its cost is not known
  double years_per_day = 0;  ///< simulated years that it drew per day
  std::int64_t members = 0;  ///< that it was asked for
  bool has_files = true;     ///< are all files of members there that it names?
};

/// Reads a folder's run.json; nothing if there is none, or none that foehn wrote.
std::optional<RecordedRun> read_run_record(const std::filesystem::path& folder);

/// Records the end of a run, says what it finds of its members, and removes the checkpoints of one that is
/// done.
void finish(const Plan& plan, const Resources& root, const model::Domain& domain, const Result& result);
/// The same where all members were there already: the run that drew the last one may have died before it said
/// so.
void finish_without_drawing(const Plan& plan, const Resources& root, const model::Domain& domain);

}  // namespace foehn::job

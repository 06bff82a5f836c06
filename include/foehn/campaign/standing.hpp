#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/campaign/campaign.hpp"

namespace foehn::campaign {

enum class State {
  impossible,  ///< files are missing
  to_do,
  begun,  ///< stopped, dead or running, or done with fewer members
  done,
  changed  ///< begun or done, with other options than the campaign has now
};

/// How a job of a campaign stands.
struct Standing {
  Job job;
  State state = State::to_do;
  std::int64_t steps = 0;         ///< of its trajectories; 0 where files are missing
  std::int64_t members_done = 0;  ///< of the last run that drew all that it was asked for
  /// Seconds times ranks that an instant of a member took; of jobs that are done or stopped.
  std::optional<double> rank_seconds_per_step = {};
};

/// Looks at what a job's folder holds. What is wrong with its files makes it impossible, and says so.
/// @param output        the campaign's folder
/// @param step_seconds  of the prior
/// @param members       that the campaign asks for
Standing standing_of(const Job& job, const std::filesystem::path& output, std::int64_t step_seconds,
                     std::int64_t members);

/// "12 jobs: 3 done, 7 to do, 2 cannot be run" and what the rest costs, below a line per job.
std::string list_text(const std::vector<Standing>& standings, std::int64_t members);
nlohmann::json to_json(const std::vector<Standing>& standings, std::int64_t members);

}  // namespace foehn::campaign

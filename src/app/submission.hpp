#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::app {

/// A job that is checked and ready to be queued.
struct JobToQueue {
  std::string name;
  std::filesystem::path file;  ///< that it comes from
  std::string text;            ///< on the root
};

/// Checks jobs for a spool one after another, inputs included; priors that they share are read once.
/// @param files  configuration files of `foehn sample`
/// @throws core::CollectiveError on every rank if a job is wrong, once all were checked and named in the log
/// @note Collective over the world.
std::vector<JobToQueue> check_jobs(const comm::Communicator& world, const service::Spool& spool,
                                   const std::vector<std::string>& files);

/// Queues them, and says so.
/// @note Collective over the world.
void queue_jobs(const comm::Communicator& world, const service::Spool& spool,
                const std::vector<JobToQueue>& jobs, std::int64_t priority);

}  // namespace foehn::app

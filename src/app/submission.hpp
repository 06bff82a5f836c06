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

/// Jobs that were checked.
struct CheckedJobs {
  std::vector<JobToQueue> jobs;         ///< that can be queued
  std::vector<std::string> complaints;  ///< about the others, one each
};

/// Checks jobs one after another, inputs included; priors that they share are read once.
/// @param spool  that they are for, whose names they must not take; null: none
/// @param files  configuration files of `foehn sample`
/// @return       as many jobs and complaints on every rank
/// @note Collective over the world.
CheckedJobs check_jobs(const comm::Communicator& world, const service::Spool* spool,
                       const std::vector<std::string>& files);

/// Queues them, and says so.
/// @note Collective over the world.
void queue_jobs(const comm::Communicator& world, const service::Spool& spool,
                const std::vector<JobToQueue>& jobs, std::int64_t priority);

}  // namespace foehn::app

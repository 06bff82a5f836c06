#pragma once

#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/service/serve.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::service {

/// Jobs that were checked.
struct CheckedJobs {
  std::vector<NewJob> jobs;        ///< that can be queued, on the root; their texts say where they come from
  std::vector<std::string> files;  ///< that these come from, on every rank
  std::vector<std::string> complaints;  ///< about the others, one each, on every rank
};

/// Checks jobs one after another, inputs included; priors that they share are read once.
/// @param spool  that they are for, whose names they must not take, and to whose unfinished jobs' folders
/// they
///               must not write; null: none
/// @param files  that hold jobs
/// @param outgrown  jobs of the spool whose names they may take, since these go; of the root
/// @note Collective over the world.
CheckedJobs check_jobs(const comm::Communicator& world, const Spool* spool,
                       const std::vector<std::string>& files, const Reader& reader,
                       const std::vector<Ticket>& outgrown = {});

}  // namespace foehn::service

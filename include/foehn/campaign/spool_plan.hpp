#pragma once

#include <functional>
#include <string>
#include <vector>

#include "foehn/campaign/survey.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::campaign {

/// What a campaign does with a spool.
struct SpoolPlan {
  std::vector<SurveyedJob> to_queue;      ///< that the spool lacks
  std::vector<service::Ticket> outgrown;  ///< done jobs that some of these extend, and take the names of
  std::vector<std::string> there;  ///< what a user should hear of the others, such as "2 jobs ...: queued"
};

/// Compares the jobs that are left of a campaign with those of a spool.
/// @throws core::UsageError naming jobs of the spool that have the names of some, but are other jobs
SpoolPlan plan_for_spool(const service::Spool& spool, const std::vector<SurveyedJob>& jobs,
                         const JobWords& words);

}  // namespace foehn::campaign

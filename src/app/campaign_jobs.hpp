#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "foehn/campaign/campaign.hpp"
#include "foehn/campaign/standing.hpp"

namespace foehn::app {

/// The step of the prior that a configuration file of `foehn sample` names, in seconds.
/// @throws core::UsageError naming the file and the option; core::Error if the prior cannot be read
std::int64_t step_of_prior(const std::filesystem::path& job);

/// Writes the configuration file of a campaign's job, whole for `foehn sample --config`, to
/// OUTPUT/jobs/NAME.ini, and, if its members go to an archive, NAME.metadata.ini beside it.
/// @param job  the configuration file that all jobs share
/// @return     the file's path, absolute
std::filesystem::path write_job_file(const campaign::Standing& standing, const campaign::Settings& settings,
                                     const std::filesystem::path& job);

}  // namespace foehn::app

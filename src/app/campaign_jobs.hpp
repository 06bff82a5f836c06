#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/campaign/campaign.hpp"
#include "foehn/campaign/standing.hpp"

namespace foehn::app {

/// The step of the prior that a configuration file of `foehn sample` names, in seconds.
/// @throws core::UsageError naming the file and the option; core::Error if the prior cannot be read
std::int64_t step_of_prior(const std::filesystem::path& job);

/// A file that a campaign writes.
struct WrittenFile {
  std::filesystem::path path;  ///< absolute
  std::string text;
};

/// The files of a campaign's job: its configuration, whole for `foehn sample --config`, OUTPUT/jobs/NAME.ini,
/// and, if its members go to an archive, NAME.metadata.ini beside it.
/// @param job  the configuration file that all jobs share
std::vector<WrittenFile> files_of_job(const campaign::Standing& standing, const campaign::Settings& settings,
                                      const std::filesystem::path& job);

}  // namespace foehn::app

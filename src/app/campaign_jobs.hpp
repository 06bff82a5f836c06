#pragma once

#include <cstdint>
#include <filesystem>

#include "foehn/campaign/campaign.hpp"
#include "foehn/campaign/survey.hpp"

namespace foehn::app {

/// The step of the prior that a configuration file of `foehn sample` names, in seconds.
/// @throws core::UsageError naming the file and the option; core::Error if the prior cannot be read
std::int64_t step_of_prior(const std::filesystem::path& job);

/// What the files of a campaign's jobs say: of each its configuration, OUTPUT/jobs/NAME.ini, and, if its
/// members go to an archive, NAME.metadata.ini beside it.
/// @param settings  outlives what is returned
/// @param job       the configuration file that all jobs share
campaign::JobWords job_words(const campaign::Settings& settings, const std::filesystem::path& job);

}  // namespace foehn::app

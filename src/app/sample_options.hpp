#pragma once

#include <cstdint>
#include <string>

#include "foehn/config/option_table.hpp"
#include "foehn/job/settings.hpp"
#include "option_names.hpp"
#include "options.hpp"

namespace foehn::app {

/// Everything that `foehn sample` can be told: the job, and how this process runs it.
struct SampleOptions : job::Settings {
  process::HardwareChoice hardware = {};
  std::int64_t threads = 1;
  std::int64_t space_ranks = 1;
  double timeout_minutes = kTimeoutMinutes;
};

/// Binds the options to the fields of `options`, which must outlive the table.
void declare_sample_options(config::OptionTable& table, SampleOptions& options);

/// Declares those that a trial of `foehn tune` takes as well: of the prior, the observations and the sampler,
/// not of members and their files.
void declare_trial_options(config::OptionTable& table, SampleOptions& options);

/// A configuration file of `foehn sample` with the prior, the errors and the sampler of a trial, and nothing
/// of what was observed when.
/// @throws UsageError for a value that a configuration file cannot hold
std::string trial_config(const SampleOptions& from);

/// Checks that options of observations at points have something to apply to.
/// @throws UsageError
void check_stations(const SampleOptions& options);

/// Checks options that do not depend on any file.
/// @param table  of these options
/// @throws UsageError for two sources of observations, or an option of how files become observations without
///         files
void check_sample_options(const config::OptionTable& table, const SampleOptions& options);

/// The job that the options ask for, but for the content of files that they name.
job::Settings job_settings(const config::OptionTable& table, const SampleOptions& options);

}  // namespace foehn::app

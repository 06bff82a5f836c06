#pragma once

#include <cstdint>

#include "foehn/config/option_table.hpp"
#include "foehn/job/settings.hpp"
#include "option_names.hpp"
#include "options.hpp"

namespace foehn::app {

/// Everything that `foehn sample` can be told: the job, and how this process runs it.
struct SampleOptions : job::Settings {
  process::HardwareChoice hardware = {};
  std::int64_t threads = 1;
  double timeout_minutes = kTimeoutMinutes;
};

/// Binds the options to the fields of `options`, which must outlive the table.
void declare_sample_options(config::OptionTable& table, SampleOptions& options);

/// Checks options that do not depend on any file.
/// @param table  of these options
/// @throws UsageError for two sources of observations, or an option of how files become observations without
///         files
void check_sample_options(const config::OptionTable& table, const SampleOptions& options);

/// The job that the options ask for, but for the content of files that they name.
job::Settings job_settings(const config::OptionTable& table, const SampleOptions& options);

}  // namespace foehn::app

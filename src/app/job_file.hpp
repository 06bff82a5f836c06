#pragma once

#include <filesystem>
#include <string>

#include "foehn/service/serve.hpp"

namespace foehn::app {

/// Reads a job's options as `foehn sample --config` does.
service::Reader job_reader();

/// The text of a job that asks for the same wherever it is read: paths are absolute, and begin, as those of
/// `foehn sample --config FILE`, where this process runs.
/// @throws core::UsageError naming the file and the option
std::string job_text(const std::filesystem::path& file);

}  // namespace foehn::app

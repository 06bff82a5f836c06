#pragma once

#include <functional>
#include <string>

#include "foehn/service/serve.hpp"
#include "sample_options.hpp"
#include "subcommand.hpp"

namespace foehn::app {

/// Reads a job's options as `foehn sample --config` does.
service::Reader job_reader();

/// The text of a job that asks for the same wherever it is read: paths are absolute, and begin, as those of
/// `foehn sample`, where this process runs.
/// @param arguments  as those of `foehn sample`, such as --config FILE
/// @param change     what is changed of the options that these give
/// @throws core::UsageError naming what holds the option, and the option
std::string job_text(
    const Arguments& arguments,
    const std::function<void(SampleOptions& options)>& change = [](SampleOptions&) {});

}  // namespace foehn::app

#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "foehn/service/serve.hpp"
#include "foehn/service/spool.hpp"
#include "sample_options.hpp"
#include "subcommand.hpp"

namespace foehn::app {

/// Reads a job's options as `foehn sample --config` does.
service::Reader job_reader();

/// Says how many jobs were queued where.
void say_queued(const service::Spool& spool, std::size_t jobs);

/// The text of a job that asks for the same wherever it is read: paths are absolute, and begin, as those of
/// `foehn sample`, where this process runs.
/// @param arguments  as those of `foehn sample`, such as --config FILE
/// @param change     what is changed of the options that these give
/// @throws core::UsageError naming what holds the option, and the option
std::string job_text(
    const Arguments& arguments,
    const std::function<void(SampleOptions& options)>& change = [](SampleOptions&) {});

/// A job's text with some of its options changed.
/// @param change  as of job_text
/// @throws core::UsageError naming the option
std::string changed_text(const std::string& text, const std::function<void(SampleOptions& options)>& change);

}  // namespace foehn::app

#pragma once

#include <chrono>
#include <string>

#include "outcome.hpp"

namespace foehn::testing {

/// Runs a command, found on PATH, to its end; one that takes longer than the timeout is ended.
Outcome run_command(const Words& words, std::chrono::seconds timeout = std::chrono::seconds(30));

/// Is there a program of this name on PATH?
bool has_program(const std::string& name);

/// Runs a subcommand of foehn on its own (ranks 0) or under mpirun.
Outcome run_foehn(const std::string& subcommand, const Options& options, int ranks = 0,
                  const Words& more = {});

}  // namespace foehn::testing

#pragma once

#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::app {

using Arguments = std::vector<std::string>;

/// What a subcommand of all ranks runs with.
struct Context {
  const comm::Communicator& world;
  process::StopToken stop;
  comm::Watchdog& watchdog;
};

/// What the program returns when it has stopped with a checkpoint.
inline constexpr int kStoppedWithCheckpoint = 75;

// Each subcommand parses its own arguments and returns the exit code. Serial ones are run by the root alone.
int synth(const Arguments& arguments);
int fit(const Arguments& arguments);
int coarsen(const Arguments& arguments);
int prepare(const Arguments& arguments);
int evaluate(const Arguments& arguments);
int info(const Arguments& arguments);
int bench(const Arguments& arguments);
/// @note Collective over the world.
int sample(const Context& context, const Arguments& arguments);
/// @note Collective over the world.
int train(const Context& context, const Arguments& arguments);

}  // namespace foehn::app

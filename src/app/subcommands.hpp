#pragma once

#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"

namespace foehn::app {

using Arguments = std::vector<std::string>;

// Each subcommand parses its own arguments and returns the exit code. Serial ones are run by the root alone.
int synth(const Arguments& arguments);
int fit(const Arguments& arguments);
int coarsen(const Arguments& arguments);
int prepare(const Arguments& arguments);
int evaluate(const Arguments& arguments);
int info(const Arguments& arguments);
int bench(const Arguments& arguments);
/// @note Collective over the world.
int sample(const comm::Communicator& world, const Arguments& arguments);
/// @note Collective over the world.
int train(const comm::Communicator& world, const Arguments& arguments);

}  // namespace foehn::app

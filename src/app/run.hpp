#pragma once

#include "foehn/comm/communicator.hpp"
#include "subcommands.hpp"

namespace foehn::app {

/// Dispatches to a subcommand and turns failures into one message on the root and an exit code: 0 done, 1
/// failure, 2 usage.
/// @param arguments  the command line without the program's name
/// @note Collective over the world.
int run(const comm::Communicator& world, const Arguments& arguments);

}  // namespace foehn::app

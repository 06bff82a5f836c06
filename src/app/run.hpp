#pragma once

#include <functional>

#include "foehn/comm/communicator.hpp"
#include "foehn/process/stop.hpp"
#include "subcommands.hpp"

namespace foehn::app {

/// Dispatches to a subcommand and turns failures into one message on the root and an exit code: 0 done, 1
/// failure, 2 usage, 75 stopped with a checkpoint.
///
/// For launch scripts: the file that the environment's FOEHN_STATUS_FILE names says "running" from when all
/// ranks listen for signals, and the exit code from when the work is done, whatever becomes of the processes
/// on their way out.
/// @param stop       asks the subcommand to stop; once it is asked on one rank, it is on all within a second
/// or so
/// @param arguments  the command line without the program's name
/// @note Collective over the world.
int run(const comm::Communicator& world, const process::StopSource& stop, const Arguments& arguments);

/// Runs collective work. A failure that all ranks know of is told by the root; one of this rank alone ends
/// the whole job at once, with a message that names the rank.
/// @return  what the work returns, or the exit code of its failure
/// @note Collective over the world.
int run_guarded(const comm::Communicator& world, const std::function<int()>& work);

}  // namespace foehn::app

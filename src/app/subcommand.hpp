#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::app {

using Arguments = std::vector<std::string>;

/// What a subcommand is called with in addition to its options.
struct Call {
  bool validate_only = false;        ///< check everything, and stop
  const config::OptionTable& table;  ///< the options by name, for records of a run
};

/// What a subcommand of all ranks runs in.
struct Context {
  const comm::Communicator& world;
  process::StopToken stop;
  comm::Watchdog& watchdog;
};

/// A subcommand whose options are set; returns the exit code. A serial one is run by the root alone.
using SerialRun = std::function<int(const Call&)>;
/// @note Collective over the world.
using ParallelRun = std::function<int(const Call&, const Context&)>;
using Run = std::variant<SerialRun, ParallelRun>;

/// Part of the program: the dispatcher parses its options and runs it.
struct Subcommand {
  std::string name;
  std::string summary;  ///< one sentence on what it does
  std::string example;  ///< a command line that works
  /// Declares the options. What it returns owns the fields that they are bound to, and is called once they
  /// are set.
  std::function<Run(config::OptionTable&)> declare;
  bool takes_config = false;  ///< its first bare word is a configuration file, as if after --config

  config::OptionTable table() const { return {name, summary, example}; }
};

/// Declares a subcommand whose options are the fields of one struct.
template <class Options>
std::function<Run(config::OptionTable&)> serial(void (*declare)(config::OptionTable&, Options&),
                                                int (*run)(const Call&, const Options&)) {
  return [declare, run](config::OptionTable& table) -> Run {
    const auto options = std::make_shared<Options>();
    declare(table, *options);
    return SerialRun([options, run](const Call& call) { return run(call, *options); });
  };
}

/// Likewise for a subcommand that all ranks run.
template <class Options>
std::function<Run(config::OptionTable&)> parallel(void (*declare)(config::OptionTable&, Options&),
                                                  int (*run)(const Call&, const Context&, const Options&)) {
  return [declare, run](config::OptionTable& table) -> Run {
    const auto options = std::make_shared<Options>();
    declare(table, *options);
    return ParallelRun(
        [options, run](const Call& call, const Context& context) { return run(call, context, *options); });
  };
}

}  // namespace foehn::app

#include "run.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <variant>
#include <vector>

#include "foehn/comm/watchdog.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/log.hpp"
#include "foehn/core/version.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

const std::vector<Subcommand>& subcommands() {
  static const std::vector<Subcommand> all{synth(),  fit(),      train(),    coarsen(), prepare(),
                                           sample(), tune(),     evaluate(), serve(),   submit(),
                                           jobs(),   campaign(), info(),     bench()};
  return all;
}

std::string usage() {
  std::string text =
      "foehn: local, hourly weather out of coarse climate simulations\n\n"
      "usage: foehn SUBCOMMAND [--config FILE] [--section.name value ...]\n\n";
  for (const Subcommand& subcommand : subcommands())
    text += fmt::format("  {:<10} {}\n", subcommand.name, subcommand.summary);
  return text +
         "\n`foehn SUBCOMMAND --help` lists every option with its unit and default; `foehn reference` prints "
         "all of them\n"
         "as Markdown; `foehn --version` prints the version.\n"
         "Exit codes: 0 done, 1 failure, 2 wrong usage, 75 stopped with a checkpoint (run again to "
         "continue).\n";
}

/// The options of all subcommands, as Markdown.
std::string reference() {
  std::string text;
  for (const Subcommand& subcommand : subcommands()) {
    config::OptionTable table = subcommand.table();
    subcommand.declare(table);
    text += table.reference();
  }
  return text;
}

const Subcommand& find(const std::string& name) {
  std::vector<std::string> names;
  for (const Subcommand& subcommand : subcommands()) {
    if (subcommand.name == name) return subcommand;
    names.push_back(subcommand.name);
  }
  const auto near = config::nearest(name, names);
  throw core::UsageError(fmt::format("unknown subcommand '{}'{}; `foehn --help` lists them", name,
                                     near ? fmt::format(", did you mean '{}'?", *near) : ""));
}

/// Runs a serial subcommand on the root while the other ranks wait.
int run_on_root(const SerialRun& run, const Call& call, const comm::Communicator& world) {
  process::stop_listening();
  int code = 0;
  world.agree_on_root([&] { code = run(call); });
  return code;
}

int execute(const Subcommand& subcommand, const Context& context, const Arguments& arguments) {
  config::OptionTable table = subcommand.table();
  const Run run = subcommand.declare(table);
  config::OptionTable::Outcome outcome;
  Arguments words = arguments;
  if (subcommand.takes_config && !words.empty() && !words[0].starts_with("--"))
    words.insert(words.begin(), "--config");
  context.world.agree([&] { outcome = table.parse(words); });
  if (!outcome.page.empty()) {
    if (context.world.is_root()) std::cout << outcome.page;
    return 0;
  }
  const Call call{outcome.validate_only, table};
  const core::Activity activity(subcommand.name);
  if (const auto* serial = std::get_if<SerialRun>(&run)) return run_on_root(*serial, call, context.world);
  return std::get<ParallelRun>(run)(call, context);
}

int dispatch(const Context& context, const Arguments& arguments) {
  const comm::Communicator& world = context.world;
  const auto print = [&](const std::string& text) {
    if (world.is_root()) std::cout << text;
  };
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    print(usage());
    return arguments.empty() ? 2 : 0;
  }
  if (arguments[0] == "--version") {
    print(fmt::format("foehn {}\n", core::version()));
    return 0;
  }
  if (arguments[0] == "reference") {
    print(reference());
    return 0;
  }
  const Subcommand* subcommand = nullptr;
  world.agree([&] { subcommand = &find(arguments[0]); });
  return execute(*subcommand, context, {arguments.begin() + 1, arguments.end()});
}

/// Tells a launch script what state the job is in.
void write_status(const comm::Communicator& world, const std::string& status) {
  const char* path = std::getenv("FOEHN_STATUS_FILE");
  if (path != nullptr && world.is_root()) std::ofstream(path) << status << std::endl;
}

void complain(const std::string& message) {
  std::cerr << "foehn: error: " << message << std::endl;
}

}  // namespace

int run(const comm::Communicator& world, const process::StopSource& stop, const Arguments& arguments) {
  core::set_up_log(world.is_root());
  comm::Watchdog watchdog(world, kTimeoutMinutes * 60,
                          {.is_made = [token = stop.token()] { return token.is_requested(); },
                           .make = [stop] { stop.request(); }});
  write_status(world, "running");
  const int code = run_guarded(world, [&] { return dispatch({world, stop.token(), watchdog}, arguments); });
  write_status(world, std::to_string(code));
  return code;
}

int run_guarded(const comm::Communicator& world, const std::function<int()>& work) {
  std::string message;
  try {
    return work();
  } catch (const core::CollectiveError& error) {
    if (error.scope() == core::Scope::world) {
      if (world.is_root()) complain(error.what());
      return error.exit_code();
    }
    message = error.what();  // of a team: the others may wait for it
  } catch (const c10::Error& error) {
    message = error.what_without_backtrace();
  } catch (const std::exception& error) {
    message = error.what();
  }
  // The other ranks cannot know of this failure; they may wait in a collective.
  complain(world.size() == 1 ? message : fmt::format("rank {}: {}", world.rank(), message));
  if (world.size() == 1) return 1;
  world.abort(1);
}

}  // namespace foehn::app

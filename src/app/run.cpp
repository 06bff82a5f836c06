#include "run.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>

#include "foehn/comm/watchdog.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/log.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

struct Subcommand {
  const char* name;
  const char* summary;
  int (*serial)(const Arguments&);                    // run by the root alone
  int (*parallel)(const Context&, const Arguments&);  // or by all ranks
};

constexpr std::array<Subcommand, 9> kSubcommands{{
    {"synth", "make a toy reanalysis of known covariance", &synth, nullptr},
    {"fit", "fit a Gaussian prior to a reanalysis", &fit, nullptr},
    {"train", "train a network as a prior on a reanalysis (under mpirun or srun)", nullptr, &train},
    {"coarsen", "make observations from fine fields", &coarsen, nullptr},
    {"prepare", "make observations from a climate model's files", &prepare, nullptr},
    {"sample", "prior + observations -> trajectories (under mpirun or srun)", nullptr, &sample},
    {"evaluate", "score trajectories against a reference", &evaluate, nullptr},
    {"info", "say what a prior or a trajectory is", &info, nullptr},
    {"bench", "time a denoiser beside what the machine does at its best", &bench, nullptr},
}};

std::string usage() {
  std::string text =
      "foehn: local, hourly weather out of coarse climate simulations\n\n"
      "usage: foehn SUBCOMMAND [--config FILE] [--section.name value ...]\n\n";
  for (const Subcommand& subcommand : kSubcommands)
    text += fmt::format("  {:<10} {}\n", subcommand.name, subcommand.summary);
  return text +
         "\n`foehn SUBCOMMAND --help` lists every option with its unit and default; `foehn reference` prints "
         "all of them\n"
         "as Markdown; `foehn --version` says the version.\n"
         "Exit codes: 0 done, 1 failure, 2 wrong usage, 75 stopped with a checkpoint (run again to go on).\n";
}

const Subcommand& find(const std::string& name) {
  std::vector<std::string> names;
  for (const Subcommand& subcommand : kSubcommands) {
    if (subcommand.name == name) return subcommand;
    names.emplace_back(subcommand.name);
  }
  const auto near = config::nearest(name, names);
  throw core::UsageError(fmt::format("unknown subcommand '{}'{}; `foehn --help` lists them", name,
                                     near ? fmt::format(", did you mean '{}'?", *near) : ""));
}

int execute(const Subcommand& subcommand, const Context& context, const Arguments& arguments) {
  if (subcommand.parallel != nullptr) return subcommand.parallel(context, arguments);
  process::stop_listening();
  const comm::Patience while_the_root_works;
  int code = 0;
  context.world.agree([&] {
    if (context.world.is_root()) code = subcommand.serial(arguments);
  });
  return code;
}

void print_reference(const Context& context) {
  for (const Subcommand& subcommand : kSubcommands) execute(subcommand, context, {"--reference"});
}

int dispatch(const Context& context, const Arguments& arguments) {
  const comm::Communicator& world = context.world;
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    if (world.is_root()) std::cout << usage();
    return arguments.empty() ? 2 : 0;
  }
  if (arguments[0] == "--version") {
    if (world.is_root()) std::cout << "foehn " << FOEHN_VERSION << '\n';
    return 0;
  }
  if (arguments[0] == "reference") {
    print_reference(context);
    return 0;
  }
  const Subcommand* subcommand = nullptr;
  world.agree([&] { subcommand = &find(arguments[0]); });
  return execute(*subcommand, context, {arguments.begin() + 1, arguments.end()});
}

/// Tells a launch script how far the job is.
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
  } catch (const comm::AgreedError& error) {
    if (world.is_root()) complain(error.what());
    return error.exit_code();
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

#include "foehn/service/serve.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <optional>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/service/spool.hpp"
#include "job_file.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

constexpr double kSlurmMarginSeconds = 120;  // in which a checkpoint is written

struct ServeOptions : service::ServiceOptions {
  double minutes = 0;  ///< 0: what the scheduler gives
};

void declare(config::OptionTable& table, ServeOptions& options) {
  table.add("spool", &options.spool,
            {.doc = "Work through the jobs in this spool, a folder that all services share; it is created if "
                    "absent.",
             .is_path = true,
             .required = true,
             .positional = true});
  table.add("service.until_empty", &options.until_empty,
            {.doc = "End with exit code 0 when no job is queued, instead of waiting for more."});
  table.add("service.idle_minutes", &options.idle_minutes,
            {.doc = "End with exit code 0 after this time without a job; 0 waits indefinitely.",
             .unit = "min",
             .minimum = 0,
             .maximum = 1e6});
  table.add("service.minutes", &options.minutes,
            {.doc = "Put the current job back into the queue with a checkpoint after this time, and end with "
                    "exit code 75. A job is begun only if loading and two of its checkpoint intervals fit "
                    "into the time that is left. 0 takes two minutes less than SLURM_JOB_END_TIME allows, or "
                    "any time where that is not set.",
             .unit = "min",
             .minimum = 0,
             .maximum = 1e6});
  table.add("service.crashes", &options.crashes,
            {.doc = "Count a job as failed after this many services ended unexpectedly while they ran it. "
                    "Stops with a checkpoint do not count.",
             .unit = "1",
             .minimum = 1,
             .maximum = 1000});
  table.add(
      "service.priors", &options.priors,
      {.doc = "Keep this many priors loaded, those used last.", .unit = "1", .minimum = 1, .maximum = 100});
  table.add("service.beat", &options.beat_seconds,
            {.doc = "Give a sign of life, and look whether the current job was cancelled, every N seconds.",
             .unit = "s",
             .minimum = 0.1,
             .maximum = 3600});
  table.add(
      "service.patience", &options.patience_minutes,
      {.doc = "Take over the job of a service on another machine that has given no sign of life for this "
              "long; the longest service.beat in use must be much shorter.",
       .unit = "min",
       .minimum = 0.01,
       .maximum = 1e4});
}

/// The seconds that the scheduler leaves this process; nothing if it does not say.
std::optional<double> seconds_of_allocation() {
  const char* text = std::getenv("SLURM_JOB_END_TIME");
  const double end = text == nullptr ? 0 : std::strtod(text, nullptr);
  if (end <= 0) return std::nullopt;
  return std::max(0.0, end - static_cast<double>(std::time(nullptr)) - kSlurmMarginSeconds);
}

/// The seconds that a service has; nothing: any number. A launcher may tell the root alone.
/// @note Collective over the world.
std::optional<double> seconds_given(const comm::Communicator& world, double minutes) {
  if (minutes > 0) return minutes * 60;
  std::vector<double> of_root;
  if (const auto seconds = seconds_of_allocation()) of_root.push_back(*seconds);
  world.broadcast(of_root);
  return of_root.empty() ? std::nullopt : std::optional(of_root.front());
}

int run(const Call& call, const Context& context, const ServeOptions& options) {
  const comm::Communicator& world = context.world;
  if (call.validate_only) {
    world.agree_on_root([&] { service::Spool(service::disk(), options.spool).check(); });
    if (world.is_root()) say_valid("no job was taken");
    return 0;
  }
  auto told = static_cast<const service::ServiceOptions&>(options);
  told.seconds = seconds_given(world, options.minutes);
  const service::Ending ending = service::serve(world, told, job_reader(), context.watchdog, context.stop);
  switch (ending) {
    case service::Ending::empty:
      if (world.is_root()) std::cout << "no job is queued\n";
      return 0;
    case service::Ending::idle:
      if (world.is_root()) std::cout << "no job was queued for long (service.idle_minutes)\n";
      return 0;
    case service::Ending::drained:
      if (world.is_root()) std::cout << "stopped; run again to continue\n";
      return kStoppedWithCheckpoint;
  }
  throw core::Error("unknown ending");
}

}  // namespace

Subcommand serve() {
  return {.name = "serve",
          .summary = "Work through the jobs of a spool folder, with priors that stay loaded.",
          .example = "mpirun -n 4 foehn serve spool --service.until_empty",
          .declare = parallel(&declare, &run)};
}

}  // namespace foehn::app

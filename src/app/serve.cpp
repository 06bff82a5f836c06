#include "foehn/service/serve.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <optional>

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
            {.doc = "Count a job as failed after this many services ended without a word while they ran it. "
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

/// The seconds that a service has; nothing: any number.
std::optional<double> seconds_given(double minutes) {
  if (minutes > 0) return minutes * 60;
  const char* end = std::getenv("SLURM_JOB_END_TIME");
  if (end == nullptr) return std::nullopt;
  const double left = std::strtod(end, nullptr) - static_cast<double>(std::time(nullptr));
  return std::max(0.0, left - kSlurmMarginSeconds);
}

int run(const Call& call, const Context& context, const ServeOptions& options) {
  const comm::Communicator& world = context.world;
  if (call.validate_only) {
    world.agree_on_root([&] { service::Spool(service::disk(), options.spool).check(); });
    if (world.is_root()) say_valid("no job was taken");
    return 0;
  }
  service::ServiceOptions told = options;
  told.seconds = seconds_given(options.minutes);
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

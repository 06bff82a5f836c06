#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/service/check_jobs.hpp"
#include "foehn/service/spool.hpp"
#include "job_file.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

struct SubmitOptions {
  std::string spool;
  std::vector<std::string> jobs;
  std::int64_t priority = service::kUsualPriority;
};

void declare(config::OptionTable& table, SubmitOptions& options) {
  table.add("spool", &options.spool,
            {.doc = "Queue the jobs in this spool, a folder, which is created if absent.",
             .is_path = true,
             .required = true,
             .positional = true});
  table.add("jobs", &options.jobs,
            {.doc = "Queue these jobs: files as foehn sample --config takes them. Each is named after its "
                    "file, and is checked first as --validate-only does; if one is wrong, none is queued. "
                    "Relative paths in them begin in the current folder, as with foehn sample.",
             .are_files = true,
             .required = true,
             .positional = true});
  table.add(
      "priority", &options.priority,
      {.doc = "Let services take jobs of higher priority first, and those of equal priority in order of "
              "arrival.",
       .unit = "1",
       .minimum = 0,
       .maximum = static_cast<double>(service::kHighestPriority)});
}

/// @throws core::UsageError if there are complaints, once all are in the log
void refuse(const std::vector<std::string>& complaints, std::size_t jobs, bool is_root) {
  if (complaints.empty()) return;
  if (jobs == 1) throw core::UsageError(complaints.front());
  if (is_root)
    for (const std::string& complaint : complaints) spdlog::error("{}", complaint);
  throw core::UsageError(fmt::format("{} of {} are wrong, as listed above; none was queued",
                                     complaints.size(),
                                     core::counted(static_cast<std::int64_t>(jobs), "job")));
}

int run(const Call& call, const Context& context, const SubmitOptions& options) {
  const comm::Communicator& world = context.world;
  process::stop_listening();
  const service::Spool spool(service::disk(), options.spool);
  const service::CheckedJobs checked = service::check_jobs(world, &spool, options.jobs, job_reader());
  world.agree([&] { refuse(checked.complaints, options.jobs.size(), world.is_root()); });
  if (call.validate_only) {
    if (world.is_root()) say_valid("no job was queued");
    return 0;
  }
  world.agree_on_root([&] {
    spool.make();
    spool.submit(checked.jobs, options.priority);
    say_queued(spool, checked.jobs.size());
  });
  return 0;
}

}  // namespace

Subcommand submit() {
  return {.name = "submit",
          .summary = "Check jobs and queue them in a spool folder, for foehn serve.",
          .example = "foehn submit spool jobs/*.ini --priority 700",
          .declare = parallel(&declare, &run)};
}

}  // namespace foehn::app

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/service/report.hpp"
#include "foehn/service/spool.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

constexpr std::chrono::seconds kRedrawInterval{2};

struct JobsOptions {
  std::string spool;
  std::vector<std::string> cancel, hold, release, retry;
  bool summary = false, json = false, watch = false;
};

void declare(config::OptionTable& table, JobsOptions& options) {
  table.add("spool", &options.spool,
            {.doc = "Show the jobs of this spool, a folder.",
             .is_path = true,
             .required = true,
             .positional = true});
  table.add(
      "cancel", &options.cancel,
      {.doc = "Cancel these jobs, by name: those that are queued, held or being run. A service that runs "
              "one stops it with a checkpoint within service.beat or so."});
  table.add(
      "hold", &options.hold,
      {.doc = "Hold these jobs: no service takes them until they are released. One that is being run is "
              "stopped with a checkpoint."});
  table.add("release", &options.release, {.doc = "Queue these jobs, which are held, again."});
  table.add(
      "retry", &options.retry,
      {.doc = "Queue these jobs, which failed or were cancelled, again. Their files in the spool's folder "
              "failed may be edited before; checkpoints are used where they fit."});
  table.add("summary", &options.summary,
            {.doc = "Show what the services did instead: jobs by state, simulated years and their pace, "
                    "device-hours, windows evaluated, crashes, time in the queue."});
  table.add("json", &options.json, {.doc = "Show all that is known as JSON."});
  table.add("watch", &options.watch,
            {.doc = "Show the jobs that are being run, with their progress, until none is left or queued."});
}

using Action = bool (service::Spool::*)(const std::string& name) const;

/// @throws core::UsageError naming the first job whose state does not allow the action, once all were tried
void act(const service::Spool& spool, const std::vector<std::string>& names, Action action,
         const std::string& option, const std::string& allowed) {
  std::string complaint;
  for (const std::string& name : names) {
    if ((spool.*action)(name) || !complaint.empty()) continue;
    const auto state = spool.state_of(name);
    complaint = fmt::format("{}: {}: expected a job that is {}, found {}", option, name, allowed,
                            state ? "one that is " + service::folder_name(*state) : "none of this name");
  }
  if (!complaint.empty()) throw core::UsageError(complaint);
}

void watch(const service::Spool& spool) {
  const bool is_terminal = isatty(STDOUT_FILENO) == 1;
  std::int64_t drawn_lines = 0;
  for (;;) {
    service::Report report = service::report_on_progress(spool);
    const std::string text = service::progress_text(report);
    if (is_terminal && drawn_lines > 0) std::cout << fmt::format("\033[{}A\033[J", drawn_lines);
    std::cout << text << std::flush;
    drawn_lines = std::count(text.begin(), text.end(), '\n');
    if (report.summary.jobs[service::State::queued] + report.summary.jobs[service::State::claimed] == 0)
      return;
    std::this_thread::sleep_for(kRedrawInterval);
  }
}

int run(const Call& call, const JobsOptions& options) {
  const service::Spool spool(service::disk(), options.spool);
  spool.check();
  if (call.validate_only) {
    say_valid("no job was changed");
    return 0;
  }
  act(spool, options.cancel, &service::Spool::cancel, "cancel", "queued, held or claimed");
  act(spool, options.hold, &service::Spool::hold, "hold", "queued or claimed");
  act(spool, options.release, &service::Spool::release, "release", "held");
  act(spool, options.retry, &service::Spool::retry, "retry", "failed");
  if (options.watch) {
    watch(spool);
    return 0;
  }
  const service::Report report = service::report_on(spool);
  if (options.json)
    std::cout << service::to_json(report).dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
              << '\n';
  else if (options.summary)
    std::cout << service::summary_text(report.summary);
  else
    std::cout << service::list_text(report.jobs);
  return 0;
}

}  // namespace

Subcommand jobs() {
  return {.name = "jobs",
          .summary = "List the jobs of a spool folder, or cancel, hold, release or retry some.",
          .example = "foehn jobs spool --retry europe_2050",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app

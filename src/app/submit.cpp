#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/process/device.hpp"
#include "foehn/service/spool.hpp"
#include "foehn/service/submission.hpp"
#include "job_file.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

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

/// A job that is ready to be queued.
struct Checked {
  std::string name, text;
};

/// Checks jobs one after another; priors that they share are read once.
class Checking {
 public:
  Checking(const comm::Communicator& world, const service::Spool& spool) : world_(world), spool_(spool) {}

  /// @throws core::CollectiveError on every rank, for whatever is wrong
  /// @note Collective over the world.
  Checked check(const fs::path& file) {
    Checked job{.name = file.stem().string(), .text = ""};
    world_.agree_on_root([&] {
      service::check_job_name(job.name);
      if (!names_.insert(job.name).second)
        throw core::UsageError(fmt::format("two jobs are named {}", job.name));
      if (spool_.knows(job.name))
        throw core::UsageError(fmt::format("the spool has a job named {} already", job.name));
      job.text = job_text(file);
    });
    world_.broadcast(job.text);
    service::Order order;
    const service::Reader reader = job_reader();
    world_.agree([&] { order = reader.order(job.text, file.string()); });
    check_inputs(std::move(order), reader);
    return job;
  }

 private:
  void check_inputs(service::Order order, const service::Reader& reader) {
    const at::Device device = process::choose_device(world_, order.device);
    const std::pair folders(order.settings.prior, order.settings.gaussian);
    auto prior = priors_.find(folders);
    if (prior == priors_.end())
      prior = priors_.emplace(folders, job::open_prior(world_, folders.first, folders.second)).first;
    world_.agree_on_root([&] { reader.complete(order.settings); });
    order.settings.ranks_per_member = 0;  // which the ranks of a service must fit, not these
    job::make_plan(world_, order.settings, prior->second ? &prior->second->description() : nullptr, device,
                   true);
  }

  const comm::Communicator& world_;
  const service::Spool& spool_;
  std::set<std::string> names_;  // of the root
  std::map<std::pair<std::string, std::string>, std::optional<model::PriorFiles>> priors_;
};

/// @throws core::CollectiveError on every rank if a job is wrong, once all were checked and named in the log
std::vector<Checked> check_all(const comm::Communicator& world, const service::Spool& spool,
                               const std::vector<std::string>& files) {
  Checking checking(world, spool);
  std::vector<Checked> jobs;
  std::vector<std::string> complaints;
  for (const std::string& file : files) {
    try {
      jobs.push_back(checking.check(file));
    } catch (const core::CollectiveError& error) {
      if (error.scope() != core::Scope::world) throw;
      complaints.push_back(fmt::format("{}: {}", file, error.what()));
    }
  }
  world.agree([&] {
    if (complaints.empty()) return;
    if (files.size() == 1) throw core::UsageError(complaints.front());
    for (const std::string& complaint : complaints)
      if (world.is_root()) spdlog::error("{}", complaint);
    throw core::UsageError(fmt::format("{} of {} are wrong, as said above; none was queued",
                                       complaints.size(),
                                       core::counted(static_cast<std::int64_t>(files.size()), "job")));
  });
  return jobs;
}

int run(const Call& call, const Context& context, const SubmitOptions& options) {
  const comm::Communicator& world = context.world;
  process::stop_listening();
  const service::Spool spool(service::disk(), options.spool);
  const std::vector<Checked> jobs = check_all(world, spool, options.jobs);
  if (call.validate_only) {
    if (world.is_root()) say_valid("no job was queued");
    return 0;
  }
  world.agree_on_root([&] {
    spool.make();
    std::int64_t serial = spool.next_serial();
    for (std::size_t i = 0; i < jobs.size(); ++i)
      spool.submit({options.priority, serial++, jobs[i].name},
                   service::with_origin(jobs[i].text, options.jobs[i]));
    std::cout << fmt::format("queued {} in {}\n",
                             core::counted(static_cast<std::int64_t>(jobs.size()), "job"),
                             spool.path().string());
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

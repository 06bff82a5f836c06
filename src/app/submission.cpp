#include "submission.hpp"

#include <fmt/format.h>

#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/process/device.hpp"
#include "foehn/service/submission.hpp"
#include "job_file.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

/// Checks jobs one after another; priors that they share are read once.
class Checking {
 public:
  Checking(const comm::Communicator& world, const service::Spool* spool) : world_(world), spool_(spool) {}

  /// @throws core::CollectiveError on every rank, for whatever is wrong
  /// @note Collective over the world.
  JobToQueue check(const fs::path& file) {
    JobToQueue job{.name = file.stem().string(), .file = file, .text = ""};
    world_.agree_on_root([&] {
      service::check_job_name(job.name);
      if (!names_.insert(job.name).second)
        throw core::UsageError(fmt::format("two jobs are named {}", job.name));
      if (spool_ != nullptr && spool_->knows(job.name))
        throw core::UsageError(fmt::format("the spool has a job named {} already", job.name));
      job.text = job_text({"--config", file.string()});
    });
    world_.broadcast(job.text);
    service::Order order;
    const service::Reader reader = job_reader();
    world_.agree([&] {
      order = reader.order(job.text, file.string());
      if (order.settings.restart)
        throw core::UsageError(
            "checkpoint.restart: a service that continues a job would start it over each time; leave it out, "
            "and remove output.directory instead");
    });
    check_inputs(std::move(order), reader);
    return job;
  }

 private:
  void check_inputs(service::Order order, const service::Reader& reader) {
    const at::Device device =
        process::choose_device(world_, order.hardware.device, order.hardware.share_gpus);
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
  const service::Spool* spool_;
  std::set<std::string> names_;  // of the root
  std::map<std::pair<std::string, std::string>, std::optional<model::PriorFiles>> priors_;
};

}  // namespace

CheckedJobs check_jobs(const comm::Communicator& world, const service::Spool* spool,
                       const std::vector<std::string>& files) {
  Checking checking(world, spool);
  CheckedJobs checked;
  for (const std::string& file : files) {
    try {
      checked.jobs.push_back(checking.check(file));
    } catch (const core::CollectiveError& error) {
      if (error.scope() != core::Scope::world) throw;
      checked.complaints.push_back(fmt::format("{}: {}", file, error.what()));
    }
  }
  return checked;
}

void queue_jobs(const comm::Communicator& world, const service::Spool& spool,
                const std::vector<JobToQueue>& jobs, std::int64_t priority) {
  world.agree_on_root([&] {
    spool.make();
    std::int64_t serial = spool.next_serial();
    for (const JobToQueue& job : jobs)
      spool.submit({priority, serial++, job.name}, service::with_origin(job.text, job.file));
    std::cout << fmt::format("queued {} in {}\n",
                             core::counted(static_cast<std::int64_t>(jobs.size()), "job"),
                             spool.path().string());
  });
}

}  // namespace foehn::app

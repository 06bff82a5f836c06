#include "foehn/service/check_jobs.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/process/device.hpp"
#include "foehn/service/submission.hpp"

namespace foehn::service {

namespace {

namespace fs = std::filesystem;

/// A folder by the one name that it has.
std::string whole_path(const std::string& folder) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(folder, error);
  return error ? fs::absolute(folder).lexically_normal().string() : path.string();
}

/// The output folders of jobs that are queued, held or being run, with the jobs' names.
std::map<std::string, std::string> folders_in_use(const Spool& spool, const Reader& reader) {
  std::map<std::string, std::string> folders;
  for (const auto& [name, job] : spool.jobs()) {
    if (job.state == State::done || job.state == State::failed) continue;
    try {
      const auto text = spool.text(job);
      const std::string folder = text ? reader.output(*text) : "";
      if (!folder.empty()) folders.emplace(whole_path(folder), name);
    } catch (const core::UsageError&) {
      // It will fail, and writes nothing.
    }
  }
  return folders;
}

/// Checks jobs one after another.
class Checking {
 public:
  Checking(const comm::Communicator& world, const Spool* spool, const Reader& reader,
           const std::vector<Ticket>& outgrown)
      : world_(world), reader_(reader) {
    world_.agree_on_root([&] {
      if (spool == nullptr) return;
      jobs_ = spool->jobs();
      for (const Ticket& ticket : outgrown) jobs_.erase(ticket.name);
      folders_ = folders_in_use(*spool, reader);
    });
  }

  /// @return  on the root
  /// @throws core::CollectiveError on every rank, for whatever is wrong
  /// @note Collective over the world.
  NewJob check(const fs::path& file) {
    NewJob job{.name = file.stem().string(), .text = ""};
    world_.agree_on_root([&] {
      check_name(job.name);
      job.text = reader_.text(file);
    });
    world_.broadcast(job.text);
    Order order;
    world_.agree([&] {
      order = reader_.order(job.text, file.string());
      if (order.settings.restart)
        throw core::UsageError(
            "checkpoint.restart: a service that continues a job would start it over each time; leave it out, "
            "and remove output.directory instead");
    });
    const std::string output = order.settings.output;
    world_.agree_on_root([&] { check_folder(job.name, output); });
    check_inputs(std::move(order));
    return {job.name, with_origin(job.text, file)};
  }

 private:
  void check_name(const std::string& name) {
    check_job_name(name);
    if (!names_.insert(name).second) throw core::UsageError(fmt::format("two jobs are named {}", name));
    if (jobs_.contains(name))
      throw core::UsageError(fmt::format("the spool has a job named {} already", name));
  }

  void check_folder(const std::string& name, const std::string& folder) {
    const auto [other, is_free] = folders_.emplace(whole_path(folder), name);
    if (!is_free)
      throw core::UsageError(fmt::format("output.directory: {} is that of the job {}, which is not done",
                                         folder, other->second));
  }

  void check_inputs(Order order) {
    const at::Device device =
        process::choose_device(world_, order.hardware.device, order.hardware.share_gpus);
    const std::pair folders(order.settings.prior, order.settings.gaussian);
    auto prior = priors_.find(folders);
    if (prior == priors_.end())
      prior = priors_.emplace(folders, job::open_prior(world_, folders.first, folders.second)).first;
    world_.agree_on_root([&] { reader_.complete(order.settings); });
    order.settings.ranks_per_member = 0;  // which the ranks of a service must fit, not these
    job::make_plan(world_, order.settings, prior->second ? &prior->second->description() : nullptr, device,
                   true);
  }

  const comm::Communicator& world_;
  const Reader& reader_;
  // Of the root:
  std::map<std::string, Spool::Job> jobs_;      // of the spool
  std::map<std::string, std::string> folders_;  // that jobs write to, with the jobs' names
  std::set<std::string> names_;                 // of the jobs that are checked
  std::map<std::pair<std::string, std::string>, std::optional<model::PriorFiles>> priors_;
};

}  // namespace

CheckedJobs check_jobs(const comm::Communicator& world, const Spool* spool,
                       const std::vector<std::string>& files, const Reader& reader,
                       const std::vector<Ticket>& outgrown) {
  Checking checking(world, spool, reader, outgrown);
  CheckedJobs checked;
  for (const std::string& file : files) {
    try {
      checked.jobs.push_back(checking.check(file));
      checked.files.push_back(file);
    } catch (const core::CollectiveError& error) {
      if (error.scope() != core::Scope::world) throw;
      checked.complaints.push_back(fmt::format("{}: {}", file, error.what()));
    }
  }
  return checked;
}

}  // namespace foehn::service

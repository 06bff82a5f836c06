#include "run_order.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "experience.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/perform.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/process/output_lock.hpp"
#include "foehn/service/submission.hpp"

namespace foehn::service {

namespace {

constexpr double kYearSeconds = 365.25 * 86400;

/// Does another run write to the job's folder? It may be a service that was taken for dead.
/// @param result  of the root, says then who it is
/// @note Collective over the world.
bool is_busy(const comm::Communicator& world, const job::Settings& settings, JobResult& result) {
  bool is_held = false;
  std::error_code ignored;  // make_plan tells of it
  if (world.is_root() && std::filesystem::is_directory(settings.output, ignored)) {
    try {
      const process::OutputLock lock(settings.output, "output.directory");
    } catch (const process::FolderInUse& error) {
      result.message = error.what();
      result.is_surely_busy = error.is_locked();
      is_held = true;
    } catch (const core::Error&) {  // of which make_plan tells
    }
  }
  return world.any(is_held);
}

/// Chooses what a job runs on.
/// @return  why the job is for another service, of other ranks or devices; empty if it is not
/// @note Collective over the world.
std::string choose(const comm::Communicator& world, const Order& order, process::Hardware& hardware) {
  const std::int64_t ranks = order.settings.ranks_per_member;
  if (ranks > 0 && world.size() % ranks != 0)
    return fmt::format("ensemble.ranks_per_member is {}, of which the {} of this service are no multiple",
                       ranks, core::counted(world.size(), "rank"));
  try {
    hardware = process::choose_hardware(world, order.hardware);
  } catch (const core::CollectiveError& error) {
    if (error.scope() != core::Scope::world) throw;
    return error.what();
  }
  process::log_transport(world, hardware);
  return "";
}

/// What the journal says of a job that ran.
nlohmann::json cost_facts(const comm::Communicator& world, const Order& order, const job::Plan& plan,
                          const job::Result& result, const at::Device& device) {
  const job::Cost& cost = result.cost;
  const double trajectories = cost.steps / static_cast<double>(plan.sampler.steps);
  std::vector<std::string> hosts;
  for (const auto& [host, ranks] : cost.hosts) hosts.push_back(host);
  nlohmann::json facts{{"setting", setting_of(order)},
                       {"instants", trajectories * static_cast<double>(plan.period.hours)},
                       {"seconds", cost.total_seconds},
                       {"loading_seconds", cost.loading_seconds},
                       {"sampling_seconds", cost.ensemble.sampling_seconds},
                       {"writing_seconds", cost.ensemble.output.seconds},
                       {"years", trajectories * static_cast<double>(plan.period.hours) *
                                     static_cast<double>(plan.period.step_seconds) / kYearSeconds},
                       {"evaluated", cost.work.evaluated},
                       {"differentiated", cost.work.differentiated},
                       {"gaussian_products", cost.gaussian_products},
                       {"ranks", world.size()},
                       {"hosts", hosts},
                       {"device", c10::DeviceTypeName(device.type(), true)}};
  if (cost.energy.processors) facts["processors_joules"] = *cost.energy.processors;
  if (cost.energy.gpus) facts["gpus_joules"] = *cost.energy.gpus;
  return facts;
}

JobResult run_read(const comm::Communicator& world, Order order, const Reader& reader, PriorShelf& shelf,
                   comm::Watchdog& watchdog, const process::StopToken& stop) {
  const auto started = std::chrono::steady_clock::now();
  JobResult result;
  job::Settings& settings = order.settings;
  watchdog.set_timeout(order.timeout_minutes * 60);
  process::set_threads(order.threads);
  process::Hardware hardware;
  if (const std::string reason = choose(world, order, hardware); !reason.empty())
    return {.outcome = Outcome::unsuited, .message = reason, .facts = nlohmann::json::object()};
  result.facts["output"] = settings.output;
  if (is_busy(world, settings, result)) {
    result.outcome = Outcome::busy;
    return result;
  }
  std::optional<model::PriorFiles> files = job::open_prior(world, settings.prior, settings.gaussian);
  world.agree_on_root([&] { reader.complete(settings); });
  job::Planned planned =
      job::make_plan(world, settings, files ? &files->description() : nullptr, hardware.device, false);
  if (planned.root) {
    planned.root->started = started;
    spdlog::info("{}{}", planned.root->made,
                 job::describe(planned.plan, settings, files->description(), world.size()));
  }
  const auto load = [&](std::optional<model::PriorFiles> opened) {
    return shelf.take(world, planned.plan.prior_digest, std::move(opened), hardware.device,
                      planned.plan.precision);
  };
  const job::Result drawn = job::perform(world, planned, std::move(files), load, hardware, stop);
  if (!drawn.is_done) result.outcome = Outcome::stopped;
  result.facts.update(cost_facts(world, order, planned.plan, drawn, hardware.device));
  result.facts["members"] = planned.plan.members.size();
  return result;
}

}  // namespace

JobResult run_order(const comm::Communicator& world, const std::string& text, const std::string& name,
                    const Reader& reader, PriorShelf& shelf, comm::Watchdog& watchdog,
                    const process::StopToken& stop) {
  const core::Activity activity("job " + name);
  try {
    Order order;
    world.agree([&] { order = reader.order(text, name); });
    return run_read(world, std::move(order), reader, shelf, watchdog, stop);
  } catch (const core::CollectiveError& error) {
    if (error.scope() != core::Scope::world) throw;
    return {.outcome = Outcome::refused, .message = error.what(), .facts = nlohmann::json::object()};
  }
}

}  // namespace foehn::service

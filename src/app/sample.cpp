#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cordex_metadata.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/perform.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/job/space_group.hpp"
#include "foehn/process/device.hpp"
#include "options.hpp"
#include "sample_options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

void say_planned(const job::Planned& planned, const model::PriorDescription& prior, int ranks) {
  std::cout << planned.root->made << job::describe(planned.plan, planned.root->settings, prior, ranks)
            << std::endl;
}

void say_finished(const job::Planned& planned, const job::Result& result) {
  const job::Settings& settings = planned.root->settings;
  if (planned.plan.members.empty())
    std::cout << fmt::format("nothing to do: all members are in {}\n", settings.output);
  else if (result.is_done)
    std::cout << fmt::format("wrote {} to {} in {}\n",
                             core::counted(static_cast<std::int64_t>(planned.plan.members.size()), "member"),
                             settings.output, core::format_duration(result.cost.total_seconds));
  else
    std::cout << fmt::format("stopped{}; run again to continue\n",
                             std::filesystem::exists(settings.checkpoint_folder())
                                 ? " with a checkpoint in " + settings.checkpoint_folder().string()
                                 : "");
}

/// Loads a prior of the root's files for a job that is planned.
using Load = std::function<std::shared_ptr<const model::PriorBundle>(std::optional<model::PriorFiles> files,
                                                                     const job::Plan& plan)>;

/// Plans the job and draws its members.
/// @param started  when the run did
/// @note Collective over the world.
int draw(const comm::Communicator& world, const Call& call, const SampleOptions& options,
         const process::Hardware& hardware, const process::StopToken& stop,
         std::chrono::steady_clock::time_point started, const Load& load) {
  std::optional<model::PriorFiles> files = job::open_prior(world, options.prior, options.gaussian);
  if (options.space_ranks > 1) world.agree_on_root([&] { job::check_shares_cells(files->description()); });
  job::Settings settings = job_settings(call.table, options);
  world.agree_on_root([&] { settings.simulation = output_metadata(options.layout, options.metadata); });
  job::Planned planned = job::make_plan(world, settings, files ? &files->description() : nullptr,
                                        hardware.device, call.validate_only);
  job::Resources* root = planned.root ? &*planned.root : nullptr;
  if (root) root->started = started;  // the prior was read before there was a plan
  if (root) say_planned(planned, files->description(), world.size());
  if (call.validate_only) {
    if (root) say_valid("nothing was sampled");
    return 0;
  }
  process::log_transport(world, hardware);
  const auto load_planned = [&](std::optional<model::PriorFiles> opened) {
    return load(std::move(opened), planned.plan);
  };
  const job::Result result = job::perform(world, planned, std::move(files), load_planned, hardware, stop);
  if (root) say_finished(planned, result);
  return result.is_done ? 0 : kStoppedWithCheckpoint;
}

/// Lets the others of a group go.
/// @param failure  of all leaders; null: none. Thrown where the network failed, whose ranks cannot go
void release(job::SpaceGroup& group, const std::exception_ptr& failure) {
  try {
    group.release();
  } catch (const core::Error&) {
    if (failure) std::rethrow_exception(failure);
    throw;
  }
}

/// Draws members where groups of ranks evaluate windows together.
/// @param drawn  draws them on the leaders of groups, with what loads a prior
/// @return       as drawn, on all ranks
int draw_in_groups(const comm::Communicator& world, job::SpaceGroup& group,
                   const std::function<int(const comm::Communicator& leaders, const Load& load)>& drawn) {
  std::vector<std::int64_t> code{0};
  std::exception_ptr failure;
  try {
    if (group.leads())
      code[0] = drawn(group.leaders(), [&](std::optional<model::PriorFiles> files, const job::Plan& plan) {
        return group.load(std::move(files), plan);
      });
    else
      group.help();
  } catch (const core::CollectiveError& error) {
    // All ranks know of it; or those of one of several teams alone, so that the job must end at once.
    if (error.scope() == core::Scope::world || group.has_teams()) throw;
    failure = std::current_exception();  // of all leaders
  }
  if (group.leads()) release(group, failure);
  world.agree([&] {
    if (failure) std::rethrow_exception(failure);
  });
  world.broadcast(code);
  return static_cast<int>(code[0]);
}

int run(const Call& call, const Context& context, const SampleOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  const comm::Communicator& world = context.world;
  world.agree([&] { check_sample_options(call.table, options); });
  context.watchdog.set_timeout(options.timeout_minutes * 60);
  process::set_threads(options.threads);
  const process::Hardware hardware = process::choose_hardware(world, options.hardware);
  const auto drawn = [&](const comm::Communicator& ranks, const Load& load) {
    return draw(ranks, call, options, hardware, context.stop, started, load);
  };
  if (options.space_ranks > 1) {
    job::SpaceGroup group(world, options.space_ranks, hardware);
    return draw_in_groups(world, group, drawn);
  }
  return drawn(world, [&](std::optional<model::PriorFiles> files, const job::Plan& plan) {
    return std::make_shared<const model::PriorBundle>(job::load_prior(
        world, std::move(files), at::TensorOptions(at::kFloat).device(hardware.device), plan.precision));
  });
}

}  // namespace

Subcommand sample() {
  return {.name = "sample",
          .summary =
              "Draw trajectories from a prior, conditioned on coarse observations, on any number of "
              "ranks.",
          .example =
              "mpirun -n 2 foehn sample --prior.path prior --input.observations coarse.nc "
              "--observation.std 0.3 --output.directory out",
          .declare = parallel(&declare_sample_options, &run)};
}

}  // namespace foehn::app

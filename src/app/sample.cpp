#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "cordex_metadata.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/perform.hpp"
#include "foehn/job/shared_prior.hpp"
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

int run(const Call& call, const Context& context, const SampleOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  const comm::Communicator& world = context.world;
  world.agree([&] { check_sample_options(call.table, options); });
  context.watchdog.set_timeout(options.timeout_minutes * 60);
  process::set_threads(options.threads);
  const process::Hardware hardware = process::choose_hardware(world, options.hardware);

  std::optional<model::PriorFiles> files = job::open_prior(world, options.prior, options.gaussian);
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
  const auto load = [&](std::optional<model::PriorFiles> opened) {
    return std::make_shared<const model::PriorBundle>(
        job::load_prior(world, std::move(opened), at::TensorOptions(at::kFloat).device(hardware.device),
                        planned.plan.precision));
  };
  const job::Result result = job::perform(world, planned, std::move(files), load, hardware, context.stop);
  if (root) say_finished(planned, result);
  return result.is_done ? 0 : kStoppedWithCheckpoint;
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

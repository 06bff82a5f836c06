#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <utility>

#include "cordex_metadata.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/run_record.hpp"
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
  if (result.is_done)
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
  const at::Device device = process::choose_device(world, options.device);

  std::optional<model::PriorFiles> files = job::open_prior(world, options.prior, options.gaussian);
  job::Settings settings = job_settings(call.table, options);
  world.agree_on_root([&] { settings.simulation = output_metadata(options.layout, options.metadata); });
  job::Planned planned =
      job::make_plan(world, settings, files ? &files->description() : nullptr, device, call.validate_only);
  const job::Plan& plan = planned.plan;
  job::Resources* root = planned.root ? &*planned.root : nullptr;
  if (root) root->started = started;  // the prior was read before there was a plan
  if (root) say_planned(planned, files->description(), world.size());
  if (call.validate_only) {
    if (root) say_valid("nothing was sampled");
    return 0;
  }
  if (plan.members.empty()) {
    world.agree_on_root([&] { job::finish_without_drawing(plan, *root, files->description().domain); });
    if (root) std::cout << fmt::format("nothing to do: all members are in {}\n", settings.output);
    return 0;
  }
  world.agree_on_root(
      [&] { job::write_run_record(plan, *root, files->description().domain, "unfinished", nullptr); });

  const model::PriorBundle prior =
      job::load_prior(world, std::move(files), at::TensorOptions(at::kFloat).device(device));
  const job::Result result = job::run(world, plan, root, prior, device, context.stop);
  world.agree_on_root([&] { job::finish(plan, *root, prior.description.domain, result); });
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

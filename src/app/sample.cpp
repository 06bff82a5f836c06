#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <vector>

#include "finished_members.hpp"
#include "foehn/checkpoint/store.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/core/memory.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/process/device.hpp"
#include "foehn/trajectory/composed_by_noise.hpp"
#include "member_output.hpp"
#include "member_sampling.hpp"
#include "options.hpp"
#include "run_record.hpp"
#include "sample_job.hpp"
#include "sample_options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// @param gaussian  the Gaussian part of the prior; null where `covariance` does not ask for it
std::unique_ptr<diffusion::TrajectoryDenoiser> make_guidance(
    const SampleOptions& options, const Solving& solving, diffusion::DifferentiableTrajectoryDenoiser& prior,
    diffusion::DifferentiableTrajectoryDenoiser* gaussian, observation::Observations observations,
    diffusion::OrderedSum ordered_sum, std::vector<diffusion::SolveReport>& solves) {
  if (options.guidance == Guidance::sda)
    return std::make_unique<diffusion::SdaGuidance>(prior, std::move(observations), options.gamma);
  if (options.guidance == Guidance::sda_exact)
    return std::make_unique<diffusion::SdaExactGuidance>(prior, std::move(observations), options.gamma);
  return std::make_unique<diffusion::MmpsGuidance>(
      prior, std::move(observations),
      diffusion::MmpsGuidance::Options{
          .solver = solving.solver,
          .covariance = solving.covariance == Covariance::gaussian ? gaussian : nullptr,
          .preconditioner = solving.covariance == Covariance::preconditioned ? gaussian : nullptr,
          .gamma = options.gamma,
          .ordered_sum = std::move(ordered_sum),
          .report = [&solves](const diffusion::SolveReport& report) { solves.push_back(report); }});
}

/// Says how the solves of mmps went, and warns where the reader should look.
void log_solves(const SolveSummary& solves) {
  if (solves.count == 0) return;
  spdlog::info("mmps: {} solves, largest relative residual {:.2g}", solves.count, solves.largest_residual);
  if (solves.fallbacks > 0)
    spdlog::warn(
        "mmps: the matrix was not positive in {} of {} solves, which fell back on sda; run.json lists them "
        "by "
        "noise level",
        solves.fallbacks, solves.count);
}

int run(const Call& call, const Context& context, const SampleOptions& options) {
  const Clock::time_point start = Clock::now();
  const comm::Communicator& world = context.world;
  world.agree([&] { check_source(call.table, options); });
  context.watchdog.set_timeout(options.timeout_minutes * 60);
  process::set_threads(options.threads);
  const at::NoGradGuard no_gradients;
  const ensemble::Team team = ensemble::make_team(world, options.ranks_per_member);
  const at::Device device = process::choose_device(world, options.device);
  const SampleJob job =
      prepare_job(world, options, call.table.result_values(), device, team.count, call.validate_only);
  if (world.is_root()) std::cout << describe(job, options, team) << std::endl;
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was sampled");
    return 0;
  }
  world.agree([&] {
    if (!world.is_root()) return;
    if (!job.members.empty()) {
      write_run_record(job, options, call.table.values(), "unfinished", nullptr);
      return;
    }
    // The run that drew the last one may have died before it said so.
    remove_checkpoints(options);
    if (recorded_state(options.output) != "done")
      write_run_record(job, options, call.table.values(), "done", nullptr);
    std::cout << fmt::format("nothing to do: all members are in {}\n", options.output);
  });
  if (job.members.empty()) return 0;

  const trajectory::SlabPartition partition = job.partition(team.ranks.size());
  const auto plan = [&](std::int64_t stride) {
    return trajectory::WindowPlan(job.period.hours, job.prior.markov_order, stride);
  };
  std::optional<model::PriorBundle> prior;
  world.agree(
      [&] { prior = model::load_prior(options.prior, at::TensorOptions(at::kFloat).device(device)); });
  const auto compose = [&](diffusion::WindowDenoiser& windows) {
    return std::make_unique<trajectory::ComposedByNoise>(
        windows, team.ranks, partition, plan(job.strides.noisy), plan(job.strides.clear), options.batch);
  };
  const auto composed = compose(*prior->denoiser);
  const bool has_gaussian_part = prior->gaussian != nullptr && prior->gaussian != prior->denoiser.get();
  const auto gaussian_part = has_gaussian_part ? compose(*prior->gaussian) : nullptr;
  const auto ordered_sum = [&](std::span<const double> per_hour) { return team.ranks.ordered_sum(per_hour); };
  std::vector<diffusion::SolveReport> solves;
  std::unique_ptr<diffusion::TrajectoryDenoiser> posterior;
  if (options.is_conditioned())
    posterior = make_guidance(options, job.solving, *composed,
                              has_gaussian_part ? gaussian_part.get() : composed.get(),
                              scatter_observations(world, team, partition, job.observed, job.observations,
                                                   job.period, job.prior.domain, job.observation_std, device),
                              ordered_sum, solves);
  diffusion::TrajectoryDenoiser& denoiser = posterior ? *posterior : *composed;
  const double loading = seconds_since(start);

  const model::Domain& domain = prior->domain;
  const trajectory::Slab hours = partition.slab(team.ranks.rank());
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  at::Tensor slab = at::empty({hours.size(), variables, domain.grid.ny(), domain.grid.nx()},
                              at::TensorOptions(at::kFloat).device(device));
  const auto members = static_cast<std::int64_t>(job.members.size());
  const std::int64_t rounds = (members + team.count - 1) / team.count;
  core::Progress progress("sampling", rounds * job.sampler.steps, "steps", world.is_root());
  MemberSampling sampling({job, options, team, denoiser, ordered_sum, progress, context.stop}, hours);

  ensemble::MemberWork work;
  work.sample = [&](std::int64_t member, at::Tensor& fields) { return sampling.draw(member, fields); };
  work.physical = [&](const at::Tensor& fields, std::int64_t first, std::int64_t count,
                      std::span<float> values) {
    at::Tensor physical =
        at::from_blob(values.data(), {count, variables, domain.grid.ny(), domain.grid.nx()}, at::kFloat);
    for (std::int64_t i = 0; i < count; ++i)
      physical.select(0, i).copy_(domain.physical(fields[first + i - hours.first].to(at::kCPU),
                                                  job.period.seconds(first + i), job.period.calendar));
  };
  work.must_stop = [&] { return context.stop.is_requested(); };
  work.keep = [&](std::int64_t member, const at::Tensor& fields) { sampling.keep(member, fields); };
  work.writer = [&](std::int64_t member) { return make_member_writer(job, options, member); };
  work.written = [&](std::int64_t member) {
    checkpoint::Store::remove_all(checkpoint_folder(options, member));  // one that stays does no harm
  };

  const ensemble::EnsembleResult result = ensemble::run_ensemble(
      world, team, partition, {.members = job.members, .chunk_hours = options.chunk_hours}, work, slab);
  const std::vector<double> taken =
      world.gather_all(team.ranks.is_root() ? static_cast<double>(sampling.steps_taken()) : 0);
  RunCost cost{
      .loading_seconds = loading,
      .ensemble = result,
      .peak_memory_megabytes = world.gather_all(core::peak_memory_megabytes()),
      .teams = team.count,
      .steps = std::accumulate(taken.begin(), taken.end(), 0.0),
      .work = total_work(world, composed->work()),
      .gaussian_products =
          total_work(world, has_gaussian_part ? gaussian_part->work() : trajectory::ComposedDenoiser::Work{})
              .differentiated,
      .solves = summarise(world, team, solves)};
  world.agree([&] {
    if (!world.is_root()) return;
    cost.total_seconds = seconds_since(start);
    log_solves(cost.solves);
    if (result.is_done) remove_checkpoints(options);
    write_run_record(job, options, call.table.values(), result.is_done ? "done" : "stopped", &cost);
    if (result.is_done)
      std::cout << fmt::format("wrote {} to {} in {}\n", counted(members, "member"), options.output,
                               core::format_duration(cost.total_seconds));
    else
      std::cout << fmt::format("stopped{}; run again to continue\n",
                               std::filesystem::exists(options.checkpoint_folder())
                                   ? " with a checkpoint in " + options.checkpoint_folder().string()
                                   : "");
  });
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

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "device.hpp"
#include "foehn/core/memory.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/diffusion/ddim.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"
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

void check_finite(const SampleJob& job, const trajectory::Slab& slab_hours, std::int64_t member,
                  const at::Tensor& slab) {
  for (std::int64_t i = 0; i < slab.size(0); ++i) {
    for (std::int64_t variable = 0; variable < slab.size(1); ++variable) {
      if (at::isfinite(slab[i][variable]).all().item<bool>()) continue;
      throw core::Error(fmt::format(
          "sampling diverged: member {}, {}, variable {} is not finite; take more sampler.steps or a larger "
          "observation.gamma",
          member, job.date(slab_hours.first + i),
          job.prior.domain.variables[static_cast<std::size_t>(variable)].name));
    }
  }
}

std::unique_ptr<diffusion::Denoiser> make_guidance(const std::string& name,
                                                   diffusion::DifferentiableDenoiser& prior,
                                                   observation::Observations observations, double gamma) {
  if (name == "sda-exact")
    return std::make_unique<diffusion::SdaExactGuidance>(prior, std::move(observations), gamma);
  return std::make_unique<diffusion::SdaGuidance>(prior, std::move(observations), gamma);
}

}  // namespace

int sample(const comm::Communicator& world, const Arguments& arguments) {
  const Clock::time_point start = Clock::now();
  SampleOptions options;
  config::OptionTable table = sample_option_table(options);
  config::OptionTable::Outcome outcome;
  world.agree([&] { outcome = table.parse(arguments); });
  if (!outcome.page.empty()) {
    if (world.is_root()) std::cout << outcome.page;
    return 0;
  }
  set_threads(options.threads);
  const at::NoGradGuard no_gradients;
  const ensemble::Team team = ensemble::make_team(world, options.ranks_per_member);
  const at::Device device = choose_device(world, options.device);
  const SampleJob job = prepare_job(world, options, table.result_values());
  if (world.is_root()) std::cout << describe(job, options, team) << std::endl;
  if (outcome.validate_only) {
    if (world.is_root()) say_valid("nothing was sampled");
    return 0;
  }

  const trajectory::SlabPartition partition = job.partition(team.ranks.size());
  const trajectory::WindowPlan plan(job.period.hours, job.prior.markov_order, options.stride);
  std::optional<model::PriorBundle> prior;
  world.agree(
      [&] { prior = model::load_prior(options.prior, at::TensorOptions(at::kFloat).device(device)); });
  trajectory::ComposedDenoiser composed(*prior->denoiser, team.ranks, partition, plan, options.batch);
  std::unique_ptr<diffusion::Denoiser> posterior;
  if (options.is_conditioned())
    posterior = make_guidance(options.guidance, composed,
                              scatter_observations(world, team, partition, job, device), job.gamma);
  diffusion::Denoiser& denoiser = posterior ? *posterior : composed;
  const double loading = seconds_since(start);

  const model::Domain& domain = prior->domain;
  const trajectory::Slab hours = partition.slab(team.ranks.rank());
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  at::Tensor slab = at::empty({hours.size(), variables, domain.grid.ny(), domain.grid.nx()},
                              at::TensorOptions(at::kFloat).device(device));
  const std::int64_t rounds = (options.ensemble.members + team.count - 1) / team.count;
  core::Progress progress("sampling", rounds * options.ddim.steps, "steps", world.is_root());

  ensemble::MemberWork work;
  work.sample = [&](std::int64_t member, at::Tensor& fields) {
    diffusion::Surroundings surroundings;
    surroundings.fill_noise = [&](at::Tensor& noise, std::uint32_t draw) {
      diffusion::fill_noise(
          {static_cast<std::uint64_t>(options.seed), static_cast<std::uint32_t>(member), draw}, hours.first,
          noise);
    };
    surroundings.ordered_sum = [&](std::span<const double> per_hour) {
      return team.ranks.ordered_sum(per_hour);
    };
    surroundings.trajectory_values = job.period.hours * variables * domain.grid.cells();
    surroundings.step_done = [&] { progress.advance(); };
    diffusion::sample_ddim(denoiser, prior->schedule, options.ddim, surroundings, fields);
  };
  work.check = [&](std::int64_t member, const at::Tensor& fields) {
    check_finite(job, hours, member, fields);
  };
  work.physical = [&](const at::Tensor& fields, std::int64_t first, std::int64_t count,
                      std::span<float> values) {
    at::Tensor physical =
        at::from_blob(values.data(), {count, variables, domain.grid.ny(), domain.grid.nx()}, at::kFloat);
    for (std::int64_t i = 0; i < count; ++i)
      physical.select(0, i).copy_(domain.physical(fields[first + i - hours.first].to(at::kCPU),
                                                  job.period.seconds(first + i), job.period.calendar));
  };
  const std::filesystem::path folder = options.output;
  work.path = [&](std::int64_t member) { return folder / member_name(member); };
  work.header = [&](std::int64_t member) { return member_header(job, options, member); };

  const ensemble::EnsembleTimings timings =
      ensemble::run_ensemble(world, team, partition, options.ensemble, work, slab);
  const std::vector<double> peaks = world.gather_all(core::peak_memory_megabytes());
  if (world.is_root()) {
    const RunRecord record{loading, timings, seconds_since(start), peaks, team.count};
    write_run_record(folder / "run.json", job, options, table.values(), record);
    std::cout << fmt::format("wrote {} members to {} in {}\n", options.ensemble.members, folder.string(),
                             core::format_duration(record.total_seconds));
  }
  return 0;
}

}  // namespace foehn::app

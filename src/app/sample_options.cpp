#include "sample_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

constexpr double kGuidedFrom = 0.97;

/// A kind of covariance, and the solver's steps that it takes to be calibrated.
struct KnownCovariance {
  Covariance covariance;
  const char* name;
  std::int64_t steps;
};
constexpr std::array<KnownCovariance, 3> kCovariances{{{Covariance::kGaussian, "gaussian", 8},
                                                       {Covariance::kNetwork, "network", 3},
                                                       {Covariance::kPreconditioned, "preconditioned", 2}}};

}  // namespace

std::vector<std::filesystem::path> observation_files(const SampleOptions& options) {
  return core::with_context("input.observations", [&] { return io::expand_files(options.observations); });
}

diffusion::SamplerOptions sampler_options(const SampleOptions& options) {
  diffusion::SamplerOptions sampler = options.sampler;
  sampler.method = options.method == "ddim" ? diffusion::Method::kDdim : diffusion::Method::kDpmpp2m;
  sampler.spacing = options.spacing == "t" ? diffusion::Spacing::kTime : diffusion::Spacing::kLogRatio;
  if (sampler.method == diffusion::Method::kDpmpp2m && sampler.steps < 2)
    throw core::UsageError(fmt::format("sampler.steps: dpmpp-2m needs at least 2, found {}", sampler.steps));
  sampler.t_first = options.t_first.value_or(options.is_conditioned() ? kGuidedFrom : 1);
  return sampler;
}

Solving solving(const SampleOptions& options, bool has_gaussian) {
  const std::string name =
      options.covariance == "auto" ? (has_gaussian ? "gaussian" : "network") : options.covariance;
  const auto* known = std::find_if(kCovariances.begin(), kCovariances.end(),
                                   [&](const KnownCovariance& candidate) { return name == candidate.name; });
  if (known->covariance != Covariance::kNetwork && !has_gaussian)
    throw core::UsageError(fmt::format(
        "sampler.covariance: {} needs a prior of kind gaussian or gaussian-preconditioned; expected network",
        name));
  return {known->covariance,
          {.steps = options.solver_steps.value_or(known->steps), .tolerance = options.solver_tolerance}};
}

std::string covariance_name(Covariance covariance) {
  return std::find_if(kCovariances.begin(), kCovariances.end(),
                      [&](const KnownCovariance& candidate) { return covariance == candidate.covariance; })
      ->name;
}

trajectory::Strides window_strides(const SampleOptions& options, std::int64_t markov_order) {
  if (options.stride == "auto") return trajectory::automatic_strides(markov_order);
  std::int64_t stride = 0;
  const char* end = options.stride.data() + options.stride.size();
  const auto [rest, error] = std::from_chars(options.stride.data(), end, stride);
  if (error != std::errc() || rest != end)
    throw core::UsageError(
        fmt::format("sampler.stride: expected an odd number or auto, found '{}'", options.stride));
  return {.noisy = stride, .clear = stride};
}

config::OptionTable sample_option_table(SampleOptions& options) {
  config::OptionTable table(
      "sample", "Draw trajectories from a prior, conditioned on coarse observations, on any number of ranks.",
      "mpirun -n 2 foehn sample --prior.path prior --input.observations coarse.nc --observation.std 0.3 "
      "--output.directory out");
  table.add("prior.path", &options.prior,
            {.doc = "Folder of the prior.", .required = true, .changes_result = false});
  table.add(
      "input.observations", &options.observations,
      {.doc = "Coarse observations (NetCDF files or globs): snapshots and means over time, as cell_methods "
              "and time bounds say, of some or all variables; files of the same variables are joined in "
              "time; without them and without input.files the sample is unconditional.",
       .are_files = true,
       .changes_result = false});
  add_preparation_options(table, options.prepare, false);
  // The period that these two choose, not their words, is part of what a run is.
  table.add(
      "time.start", &options.start,
      {.doc = "First hour of the trajectory, such as 2019-03-26T00:00; default: the first observation's. A "
              "trajectory holds all of input.observations; of input.files it uses the snapshots at its "
              "hours and the means over hours that all lie in it.",
       .changes_result = false});
  table.add("time.hours", &options.hours,
            {.doc = "Length of the trajectory in steps of the prior; 0: up to the last observation.",
             .unit = "h",
             .minimum = 0,
             .maximum = 1e7,
             .changes_result = false});
  table.add("observation.std", &options.observation_std,
            {.doc = "Standard deviation of the observations' errors, one per variable, each in its CF unit.",
             .unit = "CF unit",
             .minimum = 0,
             .minimum_excluded = true});
  table.add(
      "observation.std_normalised", &options.observation_std_normalised,
      {.doc =
           "The same in units of the prior's normalised fields: one for all variables, or one per variable.",
       .unit = "1",
       .minimum = 0,
       .minimum_excluded = true});
  add_missing_option(table, options.missing_fraction);
  table.add(
      "observation.gamma", &options.gamma,
      {.doc =
           "Weight of the denoiser's error in observation space, for guidance sda, sda-exact and what mmps "
           "falls back on; default: one over the number of cells and hours that an observation is a mean "
           "over, "
           "with which no step goes beyond the observations.",
       .unit = "1",
       .minimum = 0});
  table.add("sampler.method", &options.method,
            {.doc = "Integration from noise to fields: dpmpp-2m (second order, 8 to 32 steps) or ddim "
                    "(first order, 64 "
                    "to 256).",
             .choices = {"ddim", "dpmpp-2m"}});
  table.add(
      "sampler.steps", &options.sampler.steps,
      {.doc = "Steps from noise to fields; dpmpp-2m needs 2.", .unit = "1", .minimum = 1, .maximum = 100000});
  table.add("sampler.spacing", &options.spacing,
            {.doc = "What the steps are even in: the schedule's time t, or lambda, the logarithm of signal "
                    "over noise.",
             .choices = {"t", "lambda"}});
  table.add(
      "sampler.t_first", &options.t_first,
      {.doc = fmt::format("Time t of the schedule at which a trajectory begins, as noise; default: {} where "
                          "observations guide, which say more of the fields than can be seen through more "
                          "noise, else 1.",
                          kGuidedFrom),
       .unit = "1",
       .minimum = 0.9,
       .maximum = 1,
       .changes_result = false});  // what it comes to does: see chosen_values
  table.add("sampler.guidance", &options.guidance,
            {.doc = "How observations enter: mmps (moment matching: calibrated), sda (without gradients: "
                    "needs a tuned "
                    "observation.gamma), sda-exact (with the gradient through the prior), or none.",
             .choices = {"none", "sda", "sda-exact", "mmps"}});
  table.add(
      "sampler.covariance", &options.covariance,
      {.doc = "Whose covariance of clean fields, given noisy ones, mmps solves with: gaussian (that of the "
              "prior's Gaussian part, in closed form: no gradient through a network), network (that of the "
              "prior itself, by its Jacobian), or preconditioned (the latter, each step preconditioned by a "
              "solve with the former); auto: gaussian where the prior has a Gaussian part, else network.",
       .choices = {"auto", "gaussian", "network", "preconditioned"},
       .changes_result = false});  // what it comes to does: see chosen_values
  table.add(
      "sampler.solver_steps", &options.solver_steps,
      {.doc = fmt::format(
           "Steps at most in which mmps solves for the weights of the observations, each a product with "
           "the covariance, which costs about two evaluations of a network; default: {} for gaussian, "
           "{} for network, {} for preconditioned.",
           kCovariances[0].steps, kCovariances[1].steps, kCovariances[2].steps),
       .unit = "1",
       .minimum = 1,
       .maximum = 10000,
       .changes_result = false});
  table.add("sampler.solver_tolerance", &options.solver_tolerance,
            {.doc = "Relative residual that those steps must reach, else the run fails; default: none, a "
                    "solve goes as far as its steps.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1,
             .minimum_excluded = true});
  table.add(
      "sampler.stride", &options.stride,
      {.doc =
           "Evaluate every s-th window and keep its s middle hours: odd, at most the prior's "
           "window. 1: every hour from the window centred at it; auto: 1 while the noise outweighs the "
           "signal by far, when an hour is known by its neighbours; then 2 floor(k/2) + 1, which leaves half "
           "of the Markov order k on either side of an hour."});
  table.add("sampler.corrections", &options.sampler.corrections,
            {.doc = "Langevin corrections after each step.", .unit = "1", .minimum = 0, .maximum = 1000});
  table.add("sampler.tau", &options.sampler.tau,
            {.doc = "Size of a correction.", .unit = "1", .minimum = 0, .minimum_excluded = true});
  table.add("sampler.batch", &options.batch,
            {.doc = "Windows in one evaluation of the prior; the same on any number of ranks.",
             .unit = "1",
             .minimum = 1,
             .maximum = 4096});
  table.add(
      "ensemble.members", &options.members,
      {.doc = "Members to draw.", .unit = "1", .minimum = 1, .maximum = 100000, .changes_result = false});
  table.add("ensemble.first_member", &options.first_member,
            {.doc = "Number of the first; a member depends on its number, not on how many there are.",
             .unit = "1",
             .minimum = 0,
             .maximum = 4e9,
             .changes_result = false});
  table.add("ensemble.seed", &options.seed, {.doc = "Seed of all noise.", .unit = "1", .minimum = 0});
  table.add("ensemble.ranks_per_member", &options.ranks_per_member,
            {.doc = "Ranks that share one trajectory; 0: all. More teams work on several members at once.",
             .unit = "1",
             .minimum = 0,
             .changes_result = false});
  table.add("output.directory", &options.output,
            {.doc = "Folder for the members' files and run.json; made where absent.",
             .required = true,
             .changes_result = false});
  table.add("output.layout", &options.layout,
            {.doc = "Files of a member: member (member_<NNN>.nc with all variables, which evaluate reads) or "
                    "cordex (one variable and calendar year a file, with the names and attributes of "
                    "CORDEX-CMIP6; member M is realization M + 1).",
             .choices = {"member", "cordex"},
             .changes_result = false});
  table.add("output.metadata", &options.metadata,
            {.doc = "File of what the layout cordex says of the simulation, lines 'key = value'; "
                    "configs/cordex_metadata.ini is a template.",
             .changes_result = false});
  table.add("output.chunk_hours", &options.chunk_hours,
            {.doc = "Hours the root gathers and writes at a time; the files' chunk length.",
             .unit = "h",
             .minimum = 1,
             .maximum = 10000,
             .changes_result = false});
  table.add("output.compression", &options.compression,
            {.doc = "Deflate level of the files; 0: none.",
             .unit = "1",
             .minimum = 0,
             .maximum = 9,
             .changes_result = false});
  table.add(
      "checkpoint.directory", &options.checkpoint,
      {.doc =
           "Folder for checkpoints, which all ranks must see; default: checkpoint in output.directory. The "
           "same command goes on from them.",
       .changes_result = false});
  table.add("checkpoint.every_minutes", &options.checkpoint_minutes,
            {.doc = "Minutes from one checkpoint to the next; 0: none by the clock. On SIGTERM, SIGINT and "
                    "SIGUSR1 one is written after the evaluation under way, and the program stops with exit "
                    "code 75.",
             .unit = "min",
             .minimum = 0,
             .maximum = 1e6,
             .changes_result = false});
  table.add("checkpoint.every_steps", &options.checkpoint_every,
            {.doc = "Steps from one checkpoint to the next, besides; 0: none by steps.",
             .unit = "1",
             .minimum = 0,
             .changes_result = false});
  table.add("checkpoint.restart", &options.restart,
            {.doc = "Start over: checkpoints and members that are there count for nothing.",
             .changes_result = false});
  add_device_option(table, options.device);
  table.add("run.precision", &options.precision, {.doc = "Arithmetic of the prior.", .choices = {"fp32"}});
  add_threads_option(table, options.threads);
  table.add("run.transport", &options.transport,
            {.doc = "What carries halos between ranks; auto: mpi.",
             .choices = {"auto", "mpi"},
             .changes_result = false});
  add_timeout_option(table, options.timeout_minutes);
  return table;
}

void check_source(const config::OptionTable& table, const SampleOptions& options) {
  if (options.prepares() && !options.observations.empty())
    throw core::UsageError(
        "input.files and input.observations: expected one of them; input.files are made into observations");
  if (options.prepares() && options.hours > 0 && options.start.empty())
    throw core::UsageError("time.start: needed with time.hours where observations come from input.files");
  if (options.prepares()) return;
  PrepareOptions untouched;
  config::OptionTable defaults("sample", "", "");
  add_preparation_options(defaults, untouched, false);
  const nlohmann::json given = table.values(), by_default = defaults.values();
  for (const auto& [name, value] : by_default.items())
    if (given.at(name) != value)
      throw core::UsageError(
          fmt::format("{}: says how input.files become observations, but there are none", name));
}

}  // namespace foehn::app

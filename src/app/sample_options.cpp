#include "sample_options.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/io/granular_rounding.hpp"
#include "options.hpp"
#include "prepare_options.hpp"

namespace foehn::app {

namespace {

constexpr const char* kAutomatic = "auto";

std::optional<std::int64_t> parse_stride(const std::string& word) {
  if (word == kAutomatic) return std::nullopt;
  std::int64_t stride = 0;
  const char* end = word.data() + word.size();
  const auto [rest, error] = std::from_chars(word.data(), end, stride);
  if (error != std::errc() || rest != end)
    throw core::UsageError(fmt::format("expected an odd number or {}, found '{}'", kAutomatic, word));
  return stride;
}

config::Form stride_form(std::optional<std::int64_t>& stride) {
  return {.parse = [&stride](const std::vector<std::string>& words) { stride = parse_stride(words.front()); },
          .words = [&stride] { return std::vector<std::string>{job::stride_text(stride)}; }};
}

/// Checks that observations come from one source, and that options apply to it.
void check_source(const config::OptionTable& table, const SampleOptions& options) {
  if (options.prepares() && !options.observations.empty())
    throw core::UsageError(
        "input.files and input.observations: give only one; observations are made from input.files");
  if (options.prepares() && options.hours > 0 && options.start.empty())
    throw core::UsageError("time.start: required with time.hours when input.files is given");
  if (options.prepares()) return;
  ingestion::PreparationOptions untouched;
  config::OptionTable defaults("sample", "", "");
  add_preparation_options(defaults, untouched, false);
  const nlohmann::json given = table.values(), by_default = defaults.values();
  for (const auto& [name, value] : by_default.items())
    if (given.at(name) != value)
      throw core::UsageError(fmt::format("{}: applies only to input.files, which were not given", name));
}

void add_prior_options(config::OptionTable& table, SampleOptions& options) {
  table.add("prior.path", &options.prior,
            {.doc = "Read the prior from this folder.",
             .is_path = true,
             .required = true,
             .changes_result = false});
  table.add(
      "prior.gaussian", &options.gaussian,
      {.doc = "Lend a score-unet prior the covariance of this Gaussian prior, which `foehn fit` made of "
              "the same fields with prior.deviation one, so that mmps solves without gradients through "
              "the network. Priors of other kinds have a Gaussian part of their own.",
       .is_path = true,
       .changes_result = false});  // its digest is part of the prior's
}

void add_input_options(config::OptionTable& table, SampleOptions& options) {
  table.add(
      "input.observations", &options.observations,
      {.doc = "Condition on these coarse observations (NetCDF files or globs): snapshots and time means, as "
              "cell_methods and time bounds say, of some or all variables; files of the same variables are "
              "joined in time. Without observations of any kind the sample is unconditional.",
       .are_files = true,
       .changes_result = false});
  table.add(
      "observation.operator", &options.observation_operator,
      {.doc = "Take a value of input.observations to be the mean over a block of the prior's cells "
              "(blocks: the files lie on the grid of block means, as prepare and coarsen write them), or "
              "the area-weighted mean of the prior's cells under a cell of the files' own grid, regular, "
              "Gaussian, reduced Gaussian, rotated, or any other with bounds that give the corners of its "
              "cells (native: nothing is regridded; cells that reach beyond the domain are not used).",
       .changes_result = false});  // what it gives has a digest of its own
  table.add(
      "observation.weights", &options.native_weights,
      {.doc = "With observation.operator native, take the weights of the prior's cells in a cell of the "
              "files' grid from this weight file (from cdo, ESMF or xESMF), made from the prior's grid to "
              "that of the files; default: they follow from where cells lie.",
       .is_path = true,
       .changes_result = false});
  table.add(
      "input.stations", &options.stations,
      {.doc = "Condition on these observations at points as well, or alone (files or globs): tables (CSV) "
              "with columns time, lat, lon and values, or NetCDF in CF's discrete sampling geometries "
              "(point, timeSeries, trajectory); configs/README.md describes both.",
       .are_files = true,
       .changes_result = false});  // their digest is part of what a run is
}

/// @param has_files  whether observations may come from input.files
void add_period_options(config::OptionTable& table, SampleOptions& options, bool has_files) {
  const char* of_files =
      "; from input.files it uses the snapshots at its hours and the means that lie wholly within it";
  // The period that these two choose, not their words, is part of what a run is.
  table.add("time.start", &options.start,
            {.doc = fmt::format("Begin the trajectory at this hour, such as 2019-03-26T00:00; default: the "
                                "first observation's. The trajectory must contain all of "
                                "input.observations{}.",
                                has_files ? of_files : ""),
             .changes_result = false});
  table.add("time.hours", &options.hours,
            {.doc = "Make the trajectory this many steps long (the prior's steps); 0 extends it to the last "
                    "observation.",
             .unit = "h",
             .minimum = 0,
             .maximum = 1e7,
             .changes_result = false});
}

void add_error_options(config::OptionTable& table, SampleOptions& options) {
  table.add("observation.std", &options.observation_std,
            {.doc = "Assume observation errors of this standard deviation: one value per variable, each in "
                    "its CF unit.",
             .unit = "CF unit",
             .minimum = 0,
             .minimum_excluded = true});
  table.add("observation.std_normalised", &options.observation_std_normalised,
            {.doc = "Assume observation errors of this standard deviation, in units of the prior's "
                    "normalised fields: one value for all variables, or one per variable.",
             .unit = "1",
             .minimum = 0,
             .minimum_excluded = true});
  table.add("observation.inflation", &options.inflation,
            {.doc = "Multiply the standard deviations of all observations' errors by this factor: those of "
                    "observation.std, and those that input.stations and stations.std state.",
             .unit = "1",
             .minimum = 0,
             .minimum_excluded = true});
  table.add(
      "stations.std", &options.station_std,
      {.doc = "Assume errors of this standard deviation where input.stations state none: VARIABLE=NUMBER, in "
              "the variable's CF unit, for each variable that needs one. An error includes how far a "
              "station differs from the prior's cells.",
       .changes_result = false});
  table.add("stations.bias_std", &options.station_bias,
            {.doc = "Assume that each of input.stations has a constant bias of its own, unknown but for this "
                    "standard deviation, beside its errors: VARIABLE=NUMBER, in the variable's CF unit.",
             .changes_result = false});
  table.add(
      "stations.correlation", &options.station_correlation,
      {.doc = "Assume that the errors of each of input.stations are correlated in time, by exp(-t/T) at "
              "t hours from each other (AR(1)): VARIABLE=T, in hours; default: they are independent.",
       .changes_result = false});
  table.add("stations.orography", &options.orography,
            {.doc = "Correct air temperatures of input.stations that say their height to the height of the "
                    "prior's cells, which this NetCDF file gives (surface_altitude, or geopotential of the "
                    "surface), on any grid that covers them.",
             .is_path = true,
             .changes_result = false});
  table.add("stations.lapse_rate", &options.lapse_rate,
            {.doc = "Assume that temperature falls with height at this rate; 0 corrects nothing.",
             .unit = "K km-1",
             .minimum = -20,
             .maximum = 20,
             .changes_result = false});
  table.add(
      "stations.land_mask", &options.land_mask,
      {.doc = "Compare input.stations with cells of land alone, those of the cells around a station that "
              "are land by half or more by this NetCDF file (land_area_fraction or land_binary_mask, on "
              "a regular, Gaussian, reduced Gaussian or rotated grid that covers the prior's cells); a "
              "station without any, in the sea, is not used, "
              "which a warning says.",
       .is_path = true,
       .changes_result = false});
  table.add(
      "stations.interpolation", &options.interpolation,
      {.doc = "Take the value of a field at a point to be that of the cell nearest to it, or between the "
              "four cells around it (bilinear).",
       .changes_result = false});
  add_missing_option(table, options.missing_fraction);
  table.add(
      "observation.gamma", &options.gamma,
      {.doc =
           "Weight the denoiser's error in observation space by this factor (sda, sda-exact, and mmps "
           "where it falls back on sda); default: A A^T 1 of each observation (one over its number of cells "
           "and hours where none overlap, unless the prior's deviation varies), so that no step overshoots "
           "the "
           "observations.",
       .unit = "1",
       .minimum = 0});
}

void add_withholding_options(config::OptionTable& table, SampleOptions& options) {
  table.add(
      "observation.withhold", &options.withheld,
      {.doc = "Withhold this share of input.stations from the members and score these against it: RMSE, "
              "fair CRPS and spread/skill go to the log and to run.json.",
       .unit = "1",
       .minimum = 0,
       .maximum = 1});
  table.add("observation.withhold_unit", &options.withheld_unit,
            {.doc = "Withhold whole stations, with all their values, or whole times, with all stations.",
             .changes_result = false});
  table.add("observation.withhold_seed", &options.withheld_seed,
            {.doc = "Choose other stations or times to withhold with another seed.",
             .unit = "1",
             .minimum = 0,
             .changes_result = false});
}

void add_sampler_options(config::OptionTable& table, SampleOptions& options) {
  table.add("sampler.method", &options.method,
            {.doc = "Integrate from noise to fields by this method: dpmpp-2m (second order, 8 to 32 steps), "
                    "ddim (first order, 64 to 256 steps), or heun (second order, 18 to 80 steps of two "
                    "evaluations, with sampler.churn)."});
  table.add("sampler.steps", &options.steps,
            {.doc = "Take this many steps from noise to fields; dpmpp-2m needs at least 2.",
             .unit = "1",
             .minimum = 1,
             .maximum = 100000});
  table.add(
      "sampler.spacing", config::Choice(&options.spacing),
      {.doc = "Space the steps evenly in the schedule's time t, in lambda, the logarithm of signal over "
              "noise, or in rho, the seventh root of noise over signal; auto: rho with heun, otherwise "
              "lambda. The last step of a prior with the schedule edm goes from its sigma_min to 0.",
       .changes_result = false});  // what it comes to does: see chosen_values
  table.add("sampler.t_first", &options.t_first,
            {.doc = fmt::format(
                 "Begin at this time t of the schedule vp-cosine, with noise; default: {} with "
                 "observations, which say more about the fields than can be seen through more noise; "
                 "1 without. Priors with the schedule edm begin at their sigma_max.",
                 job::kGuidedFrom),
             .unit = "1",
             .minimum = 0.9,
             .maximum = 1,
             .changes_result = false});  // what it comes to does: see chosen_values
  table.add(
      "sampler.churn", &options.churn.amount,
      {.doc = "Begin each step of heun with fresh noise, which raises the noise level by the factor 1 + "
              "the smaller of this number over sampler.steps and 0.414; 0 disables. It heals errors of "
              "the steps before. Values in use: 2.5 to 40.",
       .unit = "1",
       .minimum = 0});
  table.add("sampler.churn_min", &options.churn.least,
            {.doc = "Churn only where noise over signal is at least this.", .unit = "1", .minimum = 0});
  table.add("sampler.churn_max", &options.churn.most,
            {.doc = "Churn only where noise over signal is at most this; default: at any.",
             .unit = "1",
             .minimum = 0});
  table.add("sampler.churn_noise", &options.churn.inflation,
            {.doc = "Multiply the fresh noise of churn by this factor, to make up for detail that a network "
                    "takes away; values in use: 1 to 1.05.",
             .unit = "1",
             .minimum = 0.5,
             .maximum = 2});
  table.add(
      "sampler.guidance", &options.guidance,
      {.doc =
           "Guide the sample to the observations by this method: mmps (moment matching, calibrated), sda "
           "(without gradients; needs a tuned observation.gamma), sda-exact (with the gradient through the "
           "prior), or none."});
  table.add(
      "sampler.covariance", config::Choice(&options.covariance),
      {.doc = "Use this covariance of the clean fields given the noisy ones in mmps: gaussian (that of "
              "the prior's Gaussian part, in closed form, without gradients through a network), network "
              "(that of the prior itself, by its Jacobian), or preconditioned (the latter, each step "
              "preconditioned by a solve with the former); auto: gaussian if the prior has a Gaussian part, "
              "otherwise network.",
       .changes_result = false});  // what it comes to does: see chosen_values
  table.add(
      "sampler.solver_steps", &options.solver_steps,
      {.doc = fmt::format(
           "Let mmps take at most this many steps to solve for the weights of the observations; each is "
           "a product with the covariance, which costs about two evaluations of a network; default: {} "
           "for gaussian, {} for network, {} for preconditioned.",
           job::calibrated_steps(job::Covariance::gaussian), job::calibrated_steps(job::Covariance::network),
           job::calibrated_steps(job::Covariance::preconditioned)),
       .unit = "1",
       .minimum = 1,
       .maximum = 10000,
       .changes_result = false});  // as of the covariance
  table.add("sampler.solver_tolerance", &options.solver_tolerance,
            {.doc = "Fail if the solver does not reach this relative residual; default: accept any.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1,
             .minimum_excluded = true});
  table.add("sampler.stride", stride_form(options.stride),
            {.doc = "Evaluate every s-th window and keep its s middle hours; s is odd and at most the "
                    "prior's window. 1 takes each hour from the window centred on it. auto uses 1 while "
                    "noise dominates, then 2 floor(k/2) + 1, so that every hour has about k/2 neighbours on "
                    "either side in its window."});
  table.add("sampler.corrections", &options.corrections,
            {.doc = "Make this many Langevin corrections after each step.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1000});
  table.add("sampler.tau", &options.tau,
            {.doc = "Set the size of each correction, relative to the mean square of the estimated noise.",
             .unit = "1",
             .minimum = 0,
             .minimum_excluded = true});
  table.add("sampler.batch", &options.batch,
            {.doc = "Evaluate the prior on this many windows at a time, on any number of ranks.",
             .unit = "1",
             .minimum = 1,
             .maximum = 4096});
}

void add_seed_option(config::OptionTable& table, SampleOptions& options) {
  table.add("ensemble.seed", &options.seed, {.doc = "Seed all noise.", .unit = "1", .minimum = 0});
}

void add_member_options(config::OptionTable& table, SampleOptions& options) {
  table.add("ensemble.members", &options.members,
            {.doc = "Draw this many members; of a coarse ensemble, for each of ensemble.coarse_members.",
             .unit = "1",
             .minimum = 1,
             .maximum = 100000,
             .changes_result = false});
  table.add(
      "ensemble.first_member", &options.first_member,
      {.doc = "Number members from this one; a member depends on its number, not on how many are drawn.",
       .unit = "1",
       .minimum = 0,
       .maximum = 4e9,
       .changes_result = false});
  table.add(
      "ensemble.coarse_members", &options.coarse_members,
      {.doc =
           "Draw ensemble.members for each member of a coarse ensemble, conditioned on its own observations: "
           "names such as r1i1p1f1, for each of which {member} stands in input.observations. The members "
           "of the coarse ensemble differ in nothing but values. A member depends on its number and on "
           "the name of the one that drives it, not on the others; both are in the names of its files.",
       .changes_result = false});  // the name is part of what a member is
  table.add("ensemble.ranks_per_member", &options.ranks_per_member,
            {.doc = "Share each trajectory among this many ranks; 0 shares it among all. With fewer than "
                    "all, teams of ranks draw several members at once.",
             .unit = "1",
             .minimum = 0,
             .changes_result = false});
  table.add("output.directory", &options.output,
            {.doc = "Write the members' files and run.json to this folder, which is created if absent.",
             .is_path = true,
             .required = true,
             .changes_result = false});
  table.add("output.layout", &options.layout,
            {.doc = "Write each member as member (member_<NNN>.nc with all variables, which evaluate reads) "
                    "or as cordex (one file per variable and calendar year, with the names and attributes of "
                    "CORDEX-CMIP6; member M is realization M + 1).",
             .changes_result = false});
  table.add("output.metadata", &options.metadata,
            {.doc = "Read the simulation's attributes for the layout cordex from this file of 'key = value' "
                    "lines; configs/cordex_metadata.ini is a template.",
             .is_path = true,
             .changes_result = false});
  table.add("output.chunk_hours", &options.chunk_hours,
            {.doc = "Compress and write this many hours at a time; also the chunk length of the files.",
             .unit = "h",
             .minimum = 1,
             .maximum = 10000,
             .changes_result = false});
  table.add("output.compression", &options.compression,
            {.doc = "Deflate the files at this level; 0 disables.",
             .unit = "1",
             .minimum = 0,
             .maximum = 9,
             .changes_result = false});
  table.add(
      "output.significant_digits", &options.significant_digits,
      {.doc = "Keep at least this many significant decimal digits of each value, so that files compress "
              "better; 0 keeps all.",
       .unit = "1",
       .minimum = 0,
       .maximum = io::kMostSignificantDigits});
}

void add_checkpoint_options(config::OptionTable& table, SampleOptions& options) {
  table.add("checkpoint.directory", &options.checkpoint,
            {.doc = "Write checkpoints to this folder, which all ranks must see; default: checkpoint in "
                    "output.directory. The same command continues from them.",
             .is_path = true,
             .changes_result = false});
  table.add(
      "checkpoint.every_minutes", &options.checkpoint_minutes,
      {.doc = "Write a checkpoint every N minutes; 0 disables. On SIGTERM, SIGINT and SIGUSR1 a checkpoint "
              "is written after the current evaluation, and the program stops with exit code 75.",
       .unit = "min",
       .minimum = 0,
       .maximum = 1e6,
       .changes_result = false});
  table.add("checkpoint.every_steps", &options.checkpoint_every,
            {.doc = "Also write a checkpoint every N steps; 0 disables.",
             .unit = "1",
             .minimum = 0,
             .changes_result = false});
  table.add("checkpoint.restart", &options.restart,
            {.doc = "Start over: ignore the checkpoints and overwrite the members that exist.",
             .changes_result = false});
}

void add_space_option(config::OptionTable& table, SampleOptions& options) {
  table.add(
      "run.space_ranks", &options.space_ranks,
      {.doc = "Let groups of this many ranks evaluate each window of a graph-transformer together, each some "
              "of its cells: for windows that are too large for one GPU or machine. Groups count as one rank "
              "elsewhere, as in ensemble.ranks_per_member.",
       .unit = "1",
       .minimum = 1,
       .maximum = 65536,
       .changes_result = false});
}

void add_run_options(config::OptionTable& table, SampleOptions& options) {
  add_hardware_options(table, options.hardware);
  table.add("run.precision", &options.precision,
            {.doc = "Compute the convolutions and products of the prior's network in this arithmetic: fp32, "
                    "tf32 (GPUs only) or bf16, which is fastest on GPUs. Fields, sums, normalisations and "
                    "the Gaussian part of a prior are fp32 in all of them."});
  add_threads_option(table, options.threads);
  add_timeout_option(table, options.timeout_minutes);
}

}  // namespace

void declare_sample_options(config::OptionTable& table, SampleOptions& options) {
  add_prior_options(table, options);
  add_input_options(table, options);
  add_preparation_options(table, options.preparation, false);
  add_period_options(table, options, true);
  add_error_options(table, options);
  add_withholding_options(table, options);
  add_sampler_options(table, options);
  add_seed_option(table, options);
  add_member_options(table, options);
  add_checkpoint_options(table, options);
  add_run_options(table, options);
  add_space_option(table, options);
}

void declare_trial_options(config::OptionTable& table, SampleOptions& options) {
  add_prior_options(table, options);
  add_input_options(table, options);
  add_period_options(table, options, false);
  add_error_options(table, options);
  add_sampler_options(table, options);
  add_seed_option(table, options);
  add_run_options(table, options);
}

std::string trial_config(const SampleOptions& from) {
  SampleOptions options;
  config::OptionTable table("sample", "", "");
  declare_sample_options(table, options);
  options.prior = from.prior;
  options.gaussian = from.gaussian;
  options.observation_operator = from.observation_operator;
  options.native_weights = from.native_weights;
  options.missing_fraction = from.missing_fraction;
  options.interpolation = from.interpolation;
  options.station_std = from.station_std;
  options.station_bias = from.station_bias;
  options.station_correlation = from.station_correlation;
  options.orography = from.orography;
  options.lapse_rate = from.lapse_rate;
  options.land_mask = from.land_mask;
  options.observation_std = from.observation_std;
  options.observation_std_normalised = from.observation_std_normalised;
  options.inflation = from.inflation;
  options.gamma = from.gamma;
  options.method = from.method;
  options.steps = from.steps;
  options.spacing = from.spacing;
  options.t_first = from.t_first;
  options.corrections = from.corrections;
  options.tau = from.tau;
  options.churn = from.churn;
  options.guidance = from.guidance;
  options.covariance = from.covariance;
  options.solver_steps = from.solver_steps;
  options.solver_tolerance = from.solver_tolerance;
  options.stride = from.stride;
  options.batch = from.batch;
  options.precision = from.precision;
  return table.config_text(std::filesystem::current_path());
}

void check_stations(const SampleOptions& options) {
  if (options.withheld >= 1)
    throw core::UsageError(
        "observation.withhold: expected a share below 1, found 1: nothing would be left to condition on");
  if (options.lapse_rate != conditioning::kLapseRate && options.orography.empty())
    throw core::UsageError("stations.lapse_rate: applies only with stations.orography, which was not given");
  if (!options.stations.empty()) return;
  for (const auto& [is_given, name] :
       {std::pair(options.withheld > 0, "observation.withhold"),
        std::pair(!options.station_std.empty(), "stations.std"),
        std::pair(!options.station_bias.empty(), "stations.bias_std"),
        std::pair(!options.station_correlation.empty(), "stations.correlation"),
        std::pair(!options.orography.empty(), "stations.orography"),
        std::pair(!options.land_mask.empty(), "stations.land_mask")})
    if (is_given)
      throw core::UsageError(fmt::format("{}: applies only to input.stations, which were not given", name));
}

void check_sample_options(const config::OptionTable& table, const SampleOptions& options) {
  check_source(table, options);
  check_stations(options);
}

job::Settings job_settings(const config::OptionTable& table, const SampleOptions& options) {
  auto settings = static_cast<const job::Settings&>(options);
  settings.result_values = table.result_values();
  settings.all_values = table.values().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return settings;
}

}  // namespace foehn::app

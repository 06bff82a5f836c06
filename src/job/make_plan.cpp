#include "foehn/job/make_plan.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <torch/version.h>
#include <unistd.h>

#include <filesystem>

#include "coarse_conditions.hpp"
#include "driver_input.hpp"
#include "finished_members.hpp"
#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/text.hpp"
#include "foehn/core/version.hpp"
#include "foehn/ensemble/ensemble.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/overwriting.hpp"
#include "foehn/job/names.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "foehn/process/device.hpp"
#include "member_output.hpp"
#include "memory.hpp"
#include "observing.hpp"
#include "window_reach.hpp"

namespace foehn::job {

namespace {

/// How mmps solves, where the settings do not say it.
/// @throws core::UsageError if they ask for a Gaussian part that the prior does not have
Solving choose_solving(const Settings& settings, bool has_gaussian) {
  const Covariance covariance =
      settings.covariance.value_or(has_gaussian ? Covariance::gaussian : Covariance::network);
  if (covariance != Covariance::network && !has_gaussian)
    throw core::UsageError(fmt::format(
        "sampler.covariance: {} needs a prior of kind gaussian or gaussian-preconditioned, or "
        "prior.gaussian; expected {}",
        core::name_of(std::optional(covariance)), core::name_of(std::optional(Covariance::network))));
  return {covariance,
          {.steps = settings.solver_steps.value_or(calibrated_steps(covariance)),
           .tolerance = settings.solver_tolerance}};
}

Windows windows_of(const Settings& settings, std::int64_t markov_order) {
  if (!settings.stride) return {markov_order, trajectory::automatic_strides(markov_order)};
  return {markov_order, {.noisy = *settings.stride, .clear = *settings.stride}};
}

void check_windows(const Windows& windows, std::int64_t hours) {
  for (const std::int64_t stride : {windows.strides.noisy, windows.strides.clear})
    trajectory::WindowPlan(hours, windows.markov_order, stride);  // which checks them
}

/// What settings and prior say, without any other file.
Plan begin_plan(const Settings& settings, const model::PriorDescription& prior, const at::Device& device) {
  Plan plan;
  plan.prior_digest = prior.digest;
  plan.guidance = settings.is_conditioned() ? settings.guidance : Guidance::none;
  plan.sampler = sampler_options(settings, prior.schedule);
  plan.visits_float64 = diffusion::needs_float64(prior.schedule.noisiest());
  plan.windows = windows_of(settings, prior.markov_order);
  if (prior.gaussian_order) plan.gaussian_windows = windows_of(settings, *prior.gaussian_order);
  plan.solving = choose_solving(settings, prior.gaussian_order.has_value());
  const bool has_std = !settings.observation_std.empty() || !settings.observation_std_normalised.empty();
  const bool needs_std = plan.is_conditioned() && settings.has_coarse();
  if (needs_std || has_std) plan.observation_std = physical_std(settings, prior.domain);
  if (!needs_std) plan.observation_std.clear();
  plan.gamma = settings.gamma;
  plan.batch = settings.batch;
  model::check_precision(settings.precision, device);
  model::check_precision(settings.precision, prior);
  plan.precision = settings.precision;
  plan.seed = settings.seed;
  plan.output.chunk_hours = settings.chunk_hours;
  plan.output.compression = settings.compression;
  plan.output.significant_digits = settings.significant_digits;
  plan.checkpoints = {settings.checkpoint_folder().string(), settings.checkpoint_minutes,
                      settings.checkpoint_every};
  return plan;
}

/// What was chosen where nothing was said: a value that is spelled out is the same as the default that gives
/// it.
std::string chosen_values(const Plan& plan) {
  return fmt::format(
      "sampler.covariance = {}\nsampler.solver_steps = {}\nsampler.spacing = {}\nsampler.t_first = {}\n"
      "time.hours = {}\ntime.start = {}\n",
      core::name_of(std::optional(plan.solving.covariance)), plan.solving.solver.steps,
      core::name_of(std::optional(plan.sampler.spacing)), first_level_text(plan.sampler), plan.period.hours,
      plan.period.date(0));
}

/// What members are conditioned on, as lines of their identity.
std::string observed_identity(const DrivingData& data) {
  const std::string& coarse = data.observations.digest;
  return fmt::format("observations = {}\n{}", coarse.empty() ? "none" : coarse,
                     data.points_digest.empty() ? "" : fmt::format("stations = {}\n", data.points_digest));
}

void set_identities(Plan& plan, const std::string& values, const Resources& root, const at::Device& device) {
  const bool is_ensemble = !plan.drivers.front().label.empty();
  plan.identity = fmt::format("{}prior = {}\n{}device = {}\nfoehn = {}\nlibtorch = {}\n", values,
                              plan.prior_digest, is_ensemble ? "" : observed_identity(root.drivers.front()),
                              process::name_of(device), core::version(), TORCH_VERSION);
  if (!is_ensemble) return;
  for (std::size_t i = 0; i < plan.drivers.size(); ++i)
    plan.drivers[i].identity =
        fmt::format("coarse member = {}\n{}", plan.drivers[i].label, observed_identity(root.drivers[i]));
}

/// Makes the folders for results and checkpoints where absent, and keeps them for this run.
void claim_folders(Resources& root, bool validate_only) {
  const auto claim = [&](const std::string& folder, const std::string& option) {
    root.folders.push_back(std::make_unique<process::OutputFolder>(folder, option, validate_only));
    root.locks.push_back(std::make_unique<process::OutputLock>(folder, option));
  };
  claim(root.settings.output, "output.directory");
  if (!root.settings.checkpoint.empty()) claim(root.settings.checkpoint, "checkpoint.directory");
}

/// HDF5's chunks are smaller than 4 GiB, of float32.
constexpr double kMostChunkValues = (1LL << 30) - 1;

/// Finds out now, not after hours of sampling, if the members' files cannot be written.
void check_output(const Plan& plan, const Resources& root, const model::Domain& domain) {
  const Settings& settings = root.settings;
  const double chunk_values =
      static_cast<double>(settings.chunk_hours) * static_cast<double>(domain.grid.cells());
  if (chunk_values > kMostChunkValues)
    throw core::Error(
        fmt::format("output.chunk_hours: a chunk of {} hours has {:.3g} values, expected at most {:.0f}",
                    settings.chunk_hours, chunk_values, kMostChunkValues));
  const MemberOutput output(plan, root, domain);
  const std::vector<std::int64_t> members = settings.member_numbers();
  for (const std::int64_t member : members)
    for (const auto& file : output.files(member))
      io::refuse_overwriting(root.inputs, std::filesystem::path(settings.output) / file, "output.directory");
  const auto probe = output.writer(members.front());
}

/// Ranks on other machines must see the folder of the root, not one of the same name on a disk of theirs.
void check_seen_by_all(const comm::Communicator& world, const std::filesystem::path& folder,
                       const std::string& option) {
  std::vector<std::int64_t> process{::getpid()};
  world.broadcast(process);
  const std::filesystem::path probe = folder / fmt::format(".foehn_seen_{}", process[0]);
  world.agree_on_root([&] { io::write_file_atomically(probe, ""); });
  world.agree([&] {
    if (!std::filesystem::exists(probe))
      throw core::Error(fmt::format(
          "{}: {}: this rank does not see the file that the root wrote there; all ranks need a shared folder",
          option, folder.string()));
  });
  std::error_code ignored;
  if (world.is_root()) std::filesystem::remove(probe, ignored);
}

/// Places the observations that are rows of a sparse matrix.
/// @param points   null: none
/// @param drivers  of each of the plan's
void place_points(Plan& plan, Resources& root, const conditioning::PointInput* points,
                  const std::vector<DriverInput>& drivers) {
  conditioning::PlacedPoints of_all;
  if (points != nullptr) of_all = points->place(plan.period);
  for (auto* sets : {&of_all.used, &of_all.withheld}) inflate(*sets, root.settings.inflation);
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    DrivingData& data = root.drivers[i];
    data.points = of_all;
    if (drivers[i].native) {
      for (conditioning::PointSet& set : drivers[i].native->place(plan.period, plan.observation_std))
        data.points.used.push_back(std::move(set));
      data.observations.digest = drivers[i].native->digest();
    }
    if (data.points.used.empty()) throw core::Error("observations: none of their values is left to be used");
    if (i > 0) check_cells_alike(root.drivers.front().points.used, data.points.used, drivers[i].label);
    data.points_digest = conditioning::digest_of(data.points.used);
  }
  const conditioning::PlacedPoints& first = root.drivers.front().points;
  for (const conditioning::PointSet& set : first.used) plan.points.push_back(set.placement);
  for (const conditioning::PointSet& set : first.withheld) plan.withheld.push_back(set.placement);
  const trajectory::SlabPartition partition = plan.partition();
  int idle = 0;
  for (int rank = 0; rank < partition.ranks(); ++rank) idle += partition.slab(rank).size() == 0 ? 1 : 0;
  if (idle > 0)
    spdlog::warn(
        "{} of {} ranks of a member have no steps: no rank's part may begin within a mean or a sum of "
        "observations",
        idle, partition.ranks());
}

/// Refuses settings with which a prior that is given coarse fields would not be given them.
void check_given(const Settings& settings, const model::PriorDescription& prior) {
  const std::string& kind = prior.kind;
  if (prior.coarse->is_of_cells() && settings.has_coarse() && !settings.has_native())
    throw core::UsageError(
        fmt::format("observation.operator: this prior of kind {} is given means over the cells of a reduced "
                    "Gaussian grid, "
                    "expected input.observations and native, found blocks",
                    kind));
  if (!prior.coarse->is_of_cells() && settings.has_native())
    throw core::UsageError(fmt::format(
        "observation.operator: a prior of kind {} is given means over blocks, expected blocks, found "
        "native",
        kind));
  if (!settings.has_coarse())
    throw core::UsageError(fmt::format(
        "coarse observations: none were given (input.observations, or input.files of foehn sample), and a "
        "prior of kind {} samples only where it is given coarse fields",
        kind));
  if (!settings.native_weights.empty())
    throw core::UsageError(fmt::format(
        "observation.weights: expected none with a prior of kind {}, which is given means over the cells of "
        "the grid that it was trained with, found {}",
        kind, settings.native_weights));
  if (settings.missing_fraction > 0)
    throw core::UsageError(
        fmt::format("observation.missing_fraction: expected 0 with a prior of kind {}, which is given every "
                    "coarse value, found {:g}",
                    kind, settings.missing_fraction));
}

/// What linearisation asks of observations of a prior with transforms, and a word that there is one.
void check_linearisation(const Plan& plan, const model::Domain& domain) {
  const observation::Transforms& transforms = domain.normalisation.transforms();
  if (!observation::any(transforms)) return;
  if (plan.gamma)
    throw core::UsageError(fmt::format(
        "observation.gamma: expected none with a prior of transforms ({}), whose operators change with the "
        "noise, found {:g}",
        model::text_of(transforms, domain.variables), *plan.gamma));
  spdlog::info(
      "the prior is of transformed values ({}), of which observations are no linear function: at each step "
      "they are linearised at the clean estimate",
      model::text_of(transforms, domain.variables));
}

/// Opens the observations and places them in a trajectory.
/// @param available  bytes that the root may use, of its device's memory
void place_observations(Plan& plan, Resources& root, const model::PriorDescription& prior, double available,
                        const at::Device& device) {
  const model::Domain& domain = prior.domain;
  if (prior.coarse) check_given(root.settings, prior);
  std::vector<DriverInput> drivers = open_drivers(root.settings, domain);
  check_drivers_alike(drivers, domain);
  plan.drivers.clear();
  for (const DriverInput& driver : drivers) {
    plan.drivers.push_back({driver.label, ""});
    const std::vector<std::filesystem::path> files = driver.files();
    root.inputs.insert(root.inputs.end(), files.begin(), files.end());
  }
  root.drivers.resize(drivers.size());
  if (!root.settings.metadata.empty()) root.inputs.emplace_back(root.settings.metadata);
  const std::vector<conditioning::Series>& series = drivers.front().series;
  const bool is_native = drivers.front().native != nullptr;
  const std::unique_ptr<conditioning::PointInput> points = open_points(root.settings, domain);
  if (points) root.inputs.insert(root.inputs.end(), points->files().begin(), points->files().end());
  for (const std::string* file :
       {&root.settings.orography, &root.settings.land_mask, &root.settings.native_weights})
    if (!file->empty()) root.inputs.emplace_back(*file);
  plan.period = choose_period(root.settings, domain, series, points.get());
  check_windows(plan.windows, plan.period.hours);
  if (plan.gaussian_windows) check_windows(*plan.gaussian_windows, plan.period.hours);
  if (!plan.is_conditioned() && !prior.coarse) return;  // observations give the period alone
  for (std::size_t i = 0; i < drivers.size(); ++i) {
    if (root.settings.simulation) check_origins(*root.settings.simulation, drivers[i]);
    root.drivers[i].input = std::move(drivers[i].blocks);
  }
  std::vector<conditioning::Placement> placements;
  for (const conditioning::Series& one : series) placements.push_back(place(one, plan.period));
  if (prior.coarse) {
    check_coarse(series, placements, plan.period, prior);
    plan.coarse = placements;
    for (std::size_t i = 0; is_native && i < drivers.size(); ++i) {
      const auto cells = model::make_coarse_cells(*prior.coarse, domain.grid);
      // All of them are held until ranks have theirs.
      if (i == 0 && device.is_cpu())
        check_coarse_memory(static_cast<std::int64_t>(placements.front().intervals.size() * drivers.size()),
                            static_cast<std::int64_t>(domain.variables.size()) * cells->grid().cells(),
                            available);
      root.drivers[i].coarse = drivers[i].native->coarse_fields(*cells);
      root.drivers[i].observations.digest = drivers[i].native->digest();
    }
  }
  if (!plan.is_conditioned()) return;
  if (!is_native) plan.observations = placements;
  if (points || is_native) place_points(plan, root, points.get(), drivers);
  say_unobserved(plan, domain);
  check_linearisation(plan, domain);
  if (prior.coarse) return;  // it is given the fields on both sides of a window, however short that is
  for (const conditioning::Placement& placement : placements)
    if (const auto warning =
            short_window_warning(plan.guiding_windows().markov_order, placement, domain.variables))
      spdlog::warn(*warning);
}

/// What the root alone finds out. Observations are read before there is any output, if they can be.
void plan_on_root(Plan& plan, Resources& root, const model::PriorDescription& prior,
                  const std::vector<double>& available, const at::Device& device, std::int64_t teams,
                  bool validate_only) {
  const Settings& settings = root.settings;
  const model::Domain& domain = prior.domain;
  plan.output.holds_members =
      static_cast<std::int64_t>(settings.member_numbers().size()) > teams && device.is_cpu();
  if (settings.result_values.empty())
    throw core::Error(
        "a job needs the values of the options that change its result: members are told apart by them");
  place_observations(plan, root, prior, available.front(), device);
  check_memory(plan, domain, available);
  // Of several sources none writes output.
  conditioning::ObservationInput* const late_input =
      root.drivers.front().input && root.drivers.front().input->writes_output()
          ? root.drivers.front().input.get()
          : nullptr;
  for (DrivingData& data : root.drivers)
    if (data.input && late_input == nullptr) data.observations = data.input->read();
  const std::string values = settings.result_values + chosen_values(plan);
  root.options_digest = core::sha256(values);
  claim_folders(root, validate_only);
  if (settings.simulation) {
    plan.output.has_geographic_winds = true;
    plan.output.file_starts = MemberOutput(plan, root, domain).file_starts();
  }
  check_output(plan, root, domain);
  conditioning::CheckedObservations& made = root.drivers.front().observations;
  if (late_input != nullptr && !validate_only) made = late_input->read();
  if (late_input == nullptr || !validate_only) set_identities(plan, values, root, device);
  plan.members = members_to_draw(plan, root, domain);
  check_space(plan, settings, domain, teams);
  if (late_input != nullptr && !validate_only) root.made = late_input->publish(made);
  for (DrivingData& data : root.drivers) data.input.reset();
  if (settings.restart && !validate_only) remove_checkpoints(plan, settings);
}

}  // namespace

Planned make_plan(const comm::Communicator& world, const Settings& settings,
                  const model::PriorDescription* prior, const at::Device& device, bool validate_only) {
  const ensemble::Team team = ensemble::make_team(world, settings.ranks_per_member);
  const core::Activity activity("preparation");
  const std::vector<double> available =
      world.gather_all(process::available_memory(world, device));  // of which the root tells what fits
  Planned planned;
  std::string bytes;
  world.agree_on_root([&] {
    Resources& root = planned.root.emplace(settings);
    Plan& plan = planned.plan = begin_plan(settings, *prior, device);
    plan.ranks_per_member = team.ranks.size();
    plan_on_root(plan, root, *prior, available, device, team.count, validate_only);
    bytes = serialise(plan);
  });
  world.broadcast(bytes);
  world.agree([&] { planned.plan = parse_plan(bytes); });
  check_seen_by_all(world, settings.checkpoint.empty() ? settings.output : settings.checkpoint,
                    settings.checkpoint.empty() ? "output.directory" : "checkpoint.directory");
  return planned;
}

namespace {

/// "4 members", "6 members (2 driven by each of r1i1p1f1, r2i1p1f1, r3i1p1f1)"
std::string describe_members(const Settings& settings) {
  const auto count = static_cast<std::int64_t>(settings.member_numbers().size());
  const std::string members = core::counted(count, "member");
  if (settings.coarse_members.empty()) return members;
  return fmt::format("{} ({} driven by each of {})", members, settings.members,
                     fmt::join(settings.coarse_members, ", "));
}

}  // namespace

std::string describe(const Plan& plan, const Settings& settings, const model::PriorDescription& prior,
                     int ranks) {
  const auto& domain = prior.domain;
  std::string names;
  for (const auto& variable : domain.variables) names += (names.empty() ? "" : ", ") + variable.name;
  std::vector<std::string> placed;
  if (plan.observations.empty())
    for (const conditioning::Placement& placement : plan.coarse)
      placed.push_back("given " + (prior.coarse->is_of_cells()
                                       ? fmt::format("{} snapshots of cells every {} steps",
                                                     placement.intervals.size(), placement.period)
                                       : describe(placement, domain.variables)));
  for (const conditioning::Placement& placement : plan.observations)
    placed.push_back(describe(placement, domain.variables));
  for (const conditioning::PointPlacement& placement : plan.points)
    placed.push_back(describe(placement, domain.variables));
  for (const conditioning::PointPlacement& placement : plan.withheld)
    placed.push_back("withheld " + describe(placement, domain.variables));
  const std::string gaussian = prior.gaussian_order.value_or(prior.markov_order) == prior.markov_order
                                   ? ""
                                   : fmt::format(" ({} of its Gaussian part)", 2 * *prior.gaussian_order + 1);
  const std::string observed =
      placed.empty() ? "no observations" : fmt::format("{}", fmt::join(placed, "; "));
  return fmt::format(
      "{} prior, window of {} steps{}: {} on {}\n{} steps of {} from {} to {}; {}\n{}, {} of {}", prior.kind,
      2 * prior.markov_order + 1, gaussian, names, grid::cells_text(domain.grid), plan.period.hours,
      calendar::format_step(plan.period.step_seconds), plan.period.date(0),
      plan.period.date(plan.period.hours - 1), observed, describe_members(settings),
      core::counted(ranks / plan.ranks_per_member, "team"), core::counted(plan.ranks_per_member, "rank"));
}

}  // namespace foehn::job

#include "sample_job.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>

#include "finished_members.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/io/durable.hpp"
#include "member_output.hpp"
#include "member_sampling.hpp"
#include "options.hpp"
#include "prepared_observations.hpp"
#include "window_reach.hpp"

namespace foehn::app {

namespace {

constexpr std::int64_t kMostHours = 10'000'000;  // of a trajectory; a thousand years have fewer

/// The errors' standard deviations in physical units, one per variable.
std::vector<double> physical_std(const SampleOptions& options, const model::Domain& domain) {
  const std::size_t variables = domain.variables.size();
  const auto& physical = options.observation_std;
  const auto& normalised = options.observation_std_normalised;
  if (physical.empty() == normalised.empty())
    throw core::UsageError(
        "expected one of observation.std and observation.std_normalised with observations");
  if (!physical.empty()) {
    if (physical.size() != variables)
      throw core::UsageError(fmt::format("observation.std: expected one value per variable, {}, found {}",
                                         variables, physical.size()));
    return physical;
  }
  if (normalised.size() != 1 && normalised.size() != variables)
    throw core::UsageError(
        fmt::format("observation.std_normalised: expected one value, or one per variable, {}, found {}",
                    variables, normalised.size()));
  std::vector<double> result;
  for (std::size_t i = 0; i < variables; ++i)
    result.push_back(normalised[normalised.size() == 1 ? 0 : i] *
                     domain.normalisation.scale().data_ptr<double>()[i]);
  return result;
}

Period choose_period(const SampleOptions& options, const model::Domain& domain,
                     const std::vector<ObservationTimes>& observations) {
  Period period;
  period.step_seconds = domain.step_seconds;
  period.calendar = domain.calendar;
  std::int64_t last_seconds = 0;
  if (!observations.empty()) {
    period.calendar = observations.front().calendar;
    period.first_seconds = observations.front().first_seconds();
    last_seconds = observations.front().last_seconds();
    for (const ObservationTimes& times : observations) {
      period.first_seconds = std::min(period.first_seconds, times.first_seconds());
      last_seconds = std::max(last_seconds, times.last_seconds());
    }
  } else if (options.start.empty() || options.hours == 0) {
    throw core::UsageError(
        "time.start and time.hours: needed where there are no observations to take them from");
  }
  if (!options.start.empty())
    period.first_seconds = core::with_context("time.start", [&] {
      return calendar::to_seconds(calendar::parse_date_time(options.start), period.calendar);
    });
  period.hours = options.hours;
  if (period.hours == 0) {
    const std::int64_t span = last_seconds - period.first_seconds;
    period.hours = span / period.step_seconds + 1;
    if (span < 0)
      throw core::Error(
          fmt::format("time.start: {} is after the last observation, {}", options.start,
                      calendar::format_date_time(calendar::from_seconds(last_seconds, period.calendar))));
  }
  if (period.hours > kMostHours)
    throw core::Error(fmt::format("time.hours: expected at most {}, found {}", kMostHours, period.hours));
  return period;
}

/// Finds out now, not after hours of sampling, if the members' files cannot be written.
/// @param sources  what observations are made from
void check_output(const SampleJob& job, const SampleOptions& options,
                  const std::vector<std::filesystem::path>& sources) {
  const std::filesystem::path folder = options.output;
  const auto& domain = job.prior.domain;
  const double chunk_values = static_cast<double>(options.chunk_hours) *
                              static_cast<double>(domain.variables.size()) *
                              static_cast<double>(domain.grid.cells());
  if (chunk_values > std::numeric_limits<int>::max())
    throw core::Error(
        fmt::format("output.chunk_hours: a chunk of {} hours has {:.3g} values, expected at most {}",
                    options.chunk_hours, chunk_values, std::numeric_limits<int>::max()));
  std::vector<std::filesystem::path> inputs = sources;
  if (!options.observations.empty()) inputs = observation_files(options);
  if (!options.metadata.empty()) inputs.emplace_back(options.metadata);
  for (std::int64_t i = 0; i < options.members; ++i)
    for (const auto& file : member_files(job, options, options.first_member + i))
      process::refuse_overwriting(inputs, folder / file, "output.directory");
  const auto probe = make_member_writer(job, options, options.first_member);
}

/// What the root found out by reading, as numbers to broadcast, and back.
std::vector<std::int64_t> pack(const SampleJob& job) {
  std::vector<std::int64_t> facts{static_cast<std::int64_t>(job.period.calendar), job.period.first_seconds,
                                  job.period.hours};
  for (const ObservedSet& set : job.observed) {
    facts.insert(facts.end(), {set.block, set.period, static_cast<std::int64_t>(set.variables.size()),
                               static_cast<std::int64_t>(set.intervals.size())});
    facts.insert(facts.end(), set.variables.begin(), set.variables.end());
    for (const observation::Interval& interval : set.intervals)
      facts.insert(facts.end(), {interval.first, interval.last});
  }
  return facts;
}

void unpack(const std::vector<std::int64_t>& facts, SampleJob& job) {
  job.period = {static_cast<calendar::Calendar>(facts[0]), facts[1], job.prior.domain.step_seconds, facts[2]};
  job.observed.clear();
  for (auto fact = facts.begin() + 3; fact != facts.end();) {
    ObservedSet& set = job.observed.emplace_back();
    set.block = *fact++;
    set.period = *fact++;
    const std::int64_t variables = *fact++, observations = *fact++;
    set.variables.assign(fact, fact + variables);
    fact += variables;
    for (std::int64_t i = 0; i < observations; ++i, fact += 2) set.intervals.push_back({fact[0], fact[1]});
  }
}

/// Says which variables the prior alone decides.
void say_unobserved(const SampleJob& job) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < job.prior.domain.variables.size(); ++i) {
    const bool is_observed =
        std::any_of(job.observed.begin(), job.observed.end(), [&](const ObservedSet& set) {
          return std::count(set.variables.begin(), set.variables.end(), static_cast<std::int64_t>(i)) > 0;
        });
    if (!is_observed) names.push_back(job.prior.domain.variables[i].name);
  }
  if (!names.empty()) spdlog::info("not observed: {}", fmt::join(names, ", "));
}

void warn_of_short_windows(const SampleJob& job) {
  std::int64_t spacing = 1;
  for (const ObservedSet& set : job.observed) spacing = std::max(spacing, set.period);
  if (const auto warning = short_window_warning(job.prior.markov_order, spacing)) spdlog::warn(*warning);
}

/// Where the observations are in the trajectory.
void place_observations(const std::vector<ObservationTimes>& observations, SampleJob& job) {
  for (const ObservationTimes& times : observations)
    job.observed.push_back(
        {times.variables, times.block, times.period_hours(), times.intervals_in(job.period)});
  say_unobserved(job);
  warn_of_short_windows(job);
}

/// Reads and checks all observations: what is wrong is found now, not after hours of sampling.
void check_observations(const SampleJob& job, double missing_fraction) {
  for (const ObservationSource& source : job.observations) source.check_values(missing_fraction, core::beat);
}

std::vector<ObservationTimes> times_of(const std::vector<ObservationSource>& sources) {
  std::vector<ObservationTimes> all;
  for (const ObservationSource& source : sources) all.push_back(source.times());
  return all;
}

/// What was chosen where nothing was said: a value that is spelled out is the same as the default that gives
/// it.
std::string chosen_values(const SampleJob& job) {
  return fmt::format(
      "sampler.covariance = {}\nsampler.solver_steps = {}\nsampler.t_first = {}\ntime.hours = {}\n"
      "time.start = {}\n",
      config::name_of(std::optional(job.solving.covariance)), job.solving.solver.steps, job.sampler.t_first,
      job.period.hours, job.date(0));
}

std::string identity_of(const SampleJob& job, const std::string& settings, const at::Device& device) {
  return fmt::format("{}prior = {}\nobservations = {}\ndevice = {}\nfoehn = {}\nlibtorch = {}\n", settings,
                     job.prior_digest, job.observations_digest.empty() ? "none" : job.observations_digest,
                     c10::DeviceTypeName(device.type(), true), FOEHN_VERSION, TORCH_VERSION);
}

/// Makes a folder for results where it is absent, and keeps it for this run.
void claim(const std::filesystem::path& folder, const std::string& option, bool validate_only,
           SampleJob& job) {
  job.folders.push_back(std::make_unique<process::OutputFolder>(folder, option, validate_only));
  job.locks.push_back(std::make_unique<process::OutputLock>(folder, option));
}

/// Ranks on other machines must see the folder of the root, not one of the same name on a disk of theirs.
void check_seen_by_all(const comm::Communicator& world, const std::filesystem::path& folder,
                       const std::string& option) {
  std::vector<std::int64_t> process{::getpid()};
  world.broadcast(process);
  const std::filesystem::path probe = folder / fmt::format(".foehn_seen_{}", process[0]);
  world.agree([&] {
    if (world.is_root()) io::write_file_atomically(probe, "");
  });
  world.agree([&] {
    if (!std::filesystem::exists(probe))
      throw core::Error(
          fmt::format("{}: {} is not the folder that the root has written to; all ranks must "
                      "see the same one",
                      option, folder.string()));
  });
  std::error_code ignored;
  if (world.is_root()) std::filesystem::remove(probe, ignored);
}

/// Checks the metadata of the members against what observations are made of.
void check_metadata(const SampleJob& job, const SampleOptions& options,
                    const std::optional<PreparedObservations>& prepared) {
  if (!job.metadata) return;
  if (prepared)
    for (const io::Attributes& attributes : prepared->provenance())
      check_driving(*job.metadata, "what input.files hold", attributes);
  else if (options.is_conditioned())
    for (const auto& file : observation_files(options))
      check_driving(*job.metadata, file.string(), io::NetcdfFile::open(file).global_attributes());
}

/// What the root alone finds out.
void prepare_on_root(SampleJob& job, const SampleOptions& options, const std::string& result_options,
                     const at::Device& device, int teams, bool validate_only) {
  std::optional<PreparedObservations> prepared;
  std::vector<ObservationTimes> times;
  if (options.prepares()) {
    prepared.emplace(options, job.prior.domain);
    times = prepared->times();
  } else if (!options.observations.empty()) {
    job.observations = open_observations(observation_files(options), job.prior.domain);
    times = times_of(job.observations);
  }
  job.period = choose_period(options, job.prior.domain, times);
  for (const std::int64_t stride : {job.strides.noisy, job.strides.clear})
    trajectory::WindowPlan(job.period.hours, job.prior.markov_order, stride);  // which checks them
  if (options.is_conditioned()) {
    place_observations(times, job);
    check_observations(job, options.missing_fraction);
  } else {
    prepared.reset();
  }
  job.prior_digest = model::prior_digest(options.prior);
  const std::string settings = result_options + chosen_values(job);
  job.options_digest = core::sha256(settings);
  job.metadata = output_metadata(options);
  check_metadata(job, options, prepared);
  claim(options.output, "output.directory", validate_only, job);
  if (!options.checkpoint.empty()) claim(options.checkpoint, "checkpoint.directory", validate_only, job);
  check_output(job, options, prepared ? prepared->inputs() : std::vector<std::filesystem::path>{});
  const bool prepares = prepared && !validate_only;
  if (prepares) {
    prepared->make();
    core::with_context("input.files", [&] {
      job.observations = open_observations(prepared->unpublished(), job.prior.domain);
      check_observations(job, options.missing_fraction);
    });
    job.observations_digest = core::sha256_of_files(prepared->unpublished());
  } else if (!prepared && options.is_conditioned()) {
    job.observations_digest = core::sha256_of_files(observation_files(options));
  }
  if (!prepared || prepares) job.identity = identity_of(job, settings, device);
  job.members = members_to_draw(job, options);
  check_space(job, options, teams);
  if (prepares) job.observations = open_observations(prepared->publish(), job.prior.domain);
  if (options.restart && !validate_only) remove_checkpoints(options);
}

}  // namespace

std::string SampleJob::date(std::int64_t hour) const {
  return calendar::format_date_time(calendar::from_seconds(period.seconds(hour), period.calendar));
}

trajectory::SlabPartition SampleJob::partition(int ranks) const {
  if (observed.empty()) return {period.hours, ranks};
  return {period.hours, ranks, slab_borders(observed, period.hours)};
}

SampleJob prepare_job(const comm::Communicator& world, const SampleOptions& options,
                      const std::string& result_options, const at::Device& device, int teams,
                      bool validate_only) {
  std::optional<model::PriorDescription> prior;
  world.agree([&] { prior = model::describe_prior(options.prior); });
  SampleJob job(std::move(*prior));
  world.agree([&] {
    job.sampler = sampler_options(options);
    job.strides = window_strides(options.stride, job.prior.markov_order);
    job.solving = solving(options, job.prior.has_gaussian());
    const bool has_std = !options.observation_std.empty() || !options.observation_std_normalised.empty();
    if (options.is_conditioned() || has_std) job.observation_std = physical_std(options, job.prior.domain);
    if (!options.is_conditioned()) job.observation_std.clear();
  });
  const core::Activity activity("preparation");
  world.agree_on_root([&] { prepare_on_root(job, options, result_options, device, teams, validate_only); });
  check_seen_by_all(world, options.checkpoint.empty() ? options.output : options.checkpoint,
                    options.checkpoint.empty() ? "output.directory" : "checkpoint.directory");
  std::vector<std::int64_t> facts = pack(job);
  world.broadcast(facts);
  unpack(facts, job);
  world.broadcast(job.identity);
  world.broadcast(job.members);
  return job;
}

std::string counted(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string describe(const SampleJob& job, const SampleOptions& options, const ensemble::Team& team) {
  const auto& domain = job.prior.domain;
  std::string names;
  for (const auto& variable : domain.variables) names += (names.empty() ? "" : ", ") + variable.name;
  std::vector<std::string> sets;
  for (const ObservedSet& set : job.observed) sets.push_back(describe(set, domain.variables));
  const std::string observed = sets.empty() ? "no observations" : fmt::format("{}", fmt::join(sets, "; "));
  return fmt::format(
      "{} prior, window of {} steps: {} on {} x {} cells\n{} steps of {} from {} to {}; {}\n{}, {} of {}",
      job.prior.kind, 2 * job.prior.markov_order + 1, names, domain.grid.ny(), domain.grid.nx(),
      job.period.hours, calendar::format_step(job.period.step_seconds), job.date(0),
      job.date(job.period.hours - 1), observed, counted(options.members, "member"),
      counted(team.count, "team"), counted(team.ranks.size(), "rank"));
}

}  // namespace foehn::app

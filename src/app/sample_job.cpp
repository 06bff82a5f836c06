#include "sample_job.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <limits>
#include <span>

#include "finished_members.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "member_output.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

constexpr std::int64_t kMostHours = 10'000'000;   // of a trajectory; a thousand years have fewer
constexpr std::int64_t kObservationsAtOnce = 64;  // that the root holds for others

/// The errors' standard deviations in physical units, one per variable.
std::vector<double> physical_std(const SampleOptions& options, const model::Domain& domain) {
  const std::size_t variables = domain.variables.size();
  const auto& physical = options.observation_std;
  const auto& normalised = options.observation_std_normalised;
  if (physical.empty() == normalised.empty())
    throw core::UsageError("give either observation.std or observation.std_normalised with observations");
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
                     const ObservationFile* observations) {
  Period period;
  period.step_seconds = domain.step_seconds;
  period.calendar = domain.calendar;
  if (observations != nullptr) {
    const calendar::TimeAxis& times = observations->reader().times();
    period.calendar = times.calendar;
    period.first_seconds = times.seconds.front();
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
    const std::int64_t span = observations->reader().times().seconds.back() - period.first_seconds;
    period.hours = span / period.step_seconds + 1;
    if (span < 0)
      throw core::Error(
          fmt::format("time.start: {} is after the last observation, {}", options.start,
                      observations->reader().times().format(observations->reader().times().size() - 1)));
  }
  if (period.hours > kMostHours)
    throw core::Error(fmt::format("time.hours: expected at most {}, found {}", kMostHours, period.hours));
  return period;
}

/// Finds out now, not after hours of sampling, if the members' files cannot be written.
void check_output(const SampleJob& job, const SampleOptions& options) {
  const std::filesystem::path folder = options.output;
  const auto& domain = job.prior.domain;
  const double chunk_values = static_cast<double>(options.chunk_hours) *
                              static_cast<double>(domain.variables.size()) *
                              static_cast<double>(domain.grid.cells());
  if (chunk_values > std::numeric_limits<int>::max())
    throw core::Error(
        fmt::format("output.chunk_hours: a chunk of {} hours has {:.3g} values, expected at most {}",
                    options.chunk_hours, chunk_values, std::numeric_limits<int>::max()));
  std::vector<std::filesystem::path> inputs;
  for (const std::string& input : {options.observations, options.metadata})
    if (!input.empty()) inputs.emplace_back(input);
  for (std::int64_t i = 0; i < options.members; ++i)
    for (const auto& file : member_files(job, options, options.first_member + i))
      refuse_overwriting(inputs, folder / file, "output.directory");
  const auto probe = make_member_writer(job, options, options.first_member);
}

/// What the root found out by reading, as numbers to broadcast, and back.
std::vector<std::int64_t> pack(const SampleJob& job) {
  std::vector<std::int64_t> facts{static_cast<std::int64_t>(job.period.calendar), job.period.first_seconds,
                                  job.period.hours, job.block, job.observation_period};
  facts.insert(facts.end(), job.observed_hours.begin(), job.observed_hours.end());
  return facts;
}

void unpack(const std::vector<std::int64_t>& facts, SampleJob& job) {
  job.period = {static_cast<calendar::Calendar>(facts[0]), facts[1], job.prior.domain.step_seconds, facts[2]};
  job.block = facts[3];
  job.observation_period = facts[4];
  job.observed_hours.assign(facts.begin() + 5, facts.end());
}

}  // namespace

std::string SampleJob::date(std::int64_t hour) const {
  return calendar::format_date_time(calendar::from_seconds(period.seconds(hour), period.calendar));
}

trajectory::SlabPartition SampleJob::partition(int ranks) const {
  return {period.hours, ranks, observed_hours.empty() ? 0 : observed_hours.front(), observation_period};
}

SampleJob prepare_job(const comm::Communicator& world, const SampleOptions& options,
                      const std::string& result_options, const at::Device& device, bool validate_only) {
  std::optional<model::PriorDescription> prior;
  world.agree([&] { prior = model::describe_prior(options.prior); });
  SampleJob job(std::move(*prior));
  world.agree([&] {
    job.sampler = sampler_options(options);
    job.stride = window_stride(options, job.prior.markov_order);
    const bool has_std = !options.observation_std.empty() || !options.observation_std_normalised.empty();
    if (options.is_conditioned() || has_std) job.observation_std = physical_std(options, job.prior.domain);
    if (!options.is_conditioned()) job.observation_std.clear();
    if (!world.is_root()) return;
    if (!options.observations.empty())
      job.observations = std::make_unique<ObservationFile>(options.observations, job.prior.domain);
    job.period = choose_period(options, job.prior.domain, job.observations.get());
    const trajectory::WindowPlan checked(job.period.hours, job.prior.markov_order, job.stride);
    if (options.is_conditioned()) {
      const ObservationFile& file = *job.observations;
      job.observed_hours = file.hours_in(job.period);
      job.block = file.block();
      job.observation_period = file.period_hours();
      // A missing value is found now, not after hours of sampling.
      for (std::int64_t i = 0; i < file.reader().times().size(); ++i) file.read(i, 1);
      job.observations_digest = core::sha256_of_file(options.observations);
    }
    job.prior_digest = model::prior_digest(options.prior);
    job.options_digest = core::sha256(result_options);
    job.identity =
        fmt::format("{}prior = {}\nobservations = {}\ndevice = {}\n", result_options, job.prior_digest,
                    job.observations_digest.empty() ? "none" : job.observations_digest,
                    c10::DeviceTypeName(device.type(), true));
    job.metadata = output_metadata(options);
    const OutputFolder made(options.output, "output.directory", validate_only);
    if (!validate_only) job.lock = std::make_unique<OutputLock>(options.output);
    check_output(job, options);
    if (options.restart && !validate_only) std::filesystem::remove_all(options.checkpoint_folder());
    job.members = members_to_draw(job, options);
    check_space(job, options);
  });
  std::vector<std::int64_t> facts = pack(job);
  world.broadcast(facts);
  unpack(facts, job);
  world.broadcast(job.identity);
  world.broadcast(job.members);
  job.gamma = options.gamma.value_or(1 / static_cast<double>(job.block * job.block));
  return job;
}

observation::Observations scatter_observations(const comm::Communicator& world, const ensemble::Team& team,
                                               const trajectory::SlabPartition& partition,
                                               const SampleJob& job, const at::Device& device) {
  const auto& domain = job.prior.domain;
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  // Observations [first, last) of each rank of a team.
  const auto range = [&](int rank) {
    const trajectory::Slab slab = partition.slab(rank);
    const auto& hours = job.observed_hours;
    return std::pair{std::lower_bound(hours.begin(), hours.end(), slab.first) - hours.begin(),
                     std::lower_bound(hours.begin(), hours.end(), slab.last) - hours.begin()};
  };
  const auto [first, last] = range(team.ranks.rank());
  const auto span_of = [](at::Tensor& values) {
    return std::span(values.data_ptr<float>(), static_cast<std::size_t>(values.numel()));
  };
  at::Tensor mine = at::empty(
      {last - first, variables, domain.grid.ny() / job.block, domain.grid.nx() / job.block}, at::kFloat);
  std::vector<MPI_Request> requests;
  if (!world.is_root()) {
    for (std::int64_t i = 0; i < mine.size(0); i += kObservationsAtOnce) {
      at::Tensor some = mine.narrow(0, i, std::min(kObservationsAtOnce, mine.size(0) - i));
      requests.push_back(world.start_receive(span_of(some), 0));
    }
  } else {
    for (int rank = 0; rank < partition.ranks(); ++rank) {
      const auto [begin, end] = range(rank);
      for (auto i = begin; i < end; i += kObservationsAtOnce) {
        at::Tensor values = job.observations->read(i, std::min(kObservationsAtOnce, end - i));
        for (int other = 0; other < team.count; ++other) {
          const int to = other * partition.ranks() + rank;
          if (to == 0)
            mine.narrow(0, i, values.size(0)).copy_(values);
          else
            world.send(span_of(values), to);
        }
      }
    }
  }
  comm::wait(requests);

  std::vector<std::int64_t> rows;
  for (auto i = first; i < last; ++i)
    rows.push_back(job.observed_hours[static_cast<std::size_t>(i)] - partition.slab(team.ranks.rank()).first);
  const at::Tensor std = at::tensor(job.observation_std, at::kDouble) / domain.normalisation.scale();
  return {{observation::BlockMean(job.block), std::move(rows)},
          mine.to(device),
          std.square().reshape({-1, 1, 1}).to(at::kFloat).to(device)};
}

std::string counted(std::int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string describe(const SampleJob& job, const SampleOptions& options, const ensemble::Team& team) {
  const auto& domain = job.prior.domain;
  std::string names;
  for (const auto& variable : domain.variables) names += (names.empty() ? "" : ", ") + variable.name;
  const std::string observed =
      options.is_conditioned()
          ? fmt::format("{} observations every {} steps in blocks of {} x {}", job.observed_hours.size(),
                        job.observation_period, job.block, job.block)
          : "no observations";
  return fmt::format(
      "{} prior, window {} h: {} on {} x {} cells\n{} steps of {} from {} to {}; {}\n{}, {} of {}",
      job.prior.kind, 2 * job.prior.markov_order + 1, names, domain.grid.ny(), domain.grid.nx(),
      job.period.hours, calendar::format_step(job.period.step_seconds), job.date(0),
      job.date(job.period.hours - 1), observed, counted(options.members, "member"),
      counted(team.count, "team"), counted(team.ranks.size(), "rank"));
}

}  // namespace foehn::app

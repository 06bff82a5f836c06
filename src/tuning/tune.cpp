#include "foehn/tuning/tune.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <utility>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/ensemble/team.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/model/learnt_from.hpp"
#include "foehn/process/output_folder.hpp"
#include "foehn/process/output_lock.hpp"
#include "foehn/tuning/journal.hpp"
#include "trial_run.hpp"

namespace foehn::tuning {

namespace fs = std::filesystem;

namespace {

/// What is stated of all that is tuned; nothing if something is not stated.
std::optional<std::vector<double>> stated_values(const Task& task, const model::Domain& domain) {
  const job::Settings& settings = task.settings;
  const std::size_t variables = domain.variables.size();
  std::vector<double> values;
  for (const Parameter parameter :
       task.parameters.empty() ? choose_parameters(settings, domain) : task.parameters) {
    if (parameter == Parameter::gamma && !settings.gamma) return std::nullopt;
    if (parameter == Parameter::gamma) values.push_back(*settings.gamma);
    if (parameter == Parameter::inflation) values.push_back(settings.inflation);
    if (parameter != Parameter::deviation) continue;
    const std::vector<double>& physical = settings.observation_std;
    const std::vector<double>& normalised = settings.observation_std_normalised;
    if (physical.empty() && normalised.empty()) return std::nullopt;
    if (!physical.empty() && !normalised.empty())
      throw core::UsageError(
          "observation.std: expected none beside observation.std_normalised, or the reverse");
    const auto& stated = physical.empty() ? normalised : physical;
    if (stated.size() != variables && !(physical.empty() && stated.size() == 1))
      throw core::UsageError(fmt::format("observation.std: expected one value per variable, {}, found {}",
                                         variables, stated.size()));
    for (std::size_t i = 0; i < variables; ++i)
      values.push_back(physical.empty()
                           ? stated[stated.size() == 1 ? 0 : i] *
                                 domain.of_observations().normalisation.scale().data_ptr<double>()[i]
                           : stated[i]);
  }
  return values;
}

std::vector<double> middle_of(const std::vector<Dimension>& dimensions) {
  std::vector<double> values;
  for (const Dimension& dimension : dimensions) values.push_back(std::sqrt(dimension.least * dimension.most));
  return values;
}

/// Refuses to tune on what a prior has seen.
void check_learnt(const fs::path& prior, const model::Domain& domain, const conditioning::Period& period) {
  const fs::path weights = prior / "weights.safetensors";
  const auto learnt = model::learnt_from(io::SafetensorsFile(weights).metadata(), domain.calendar);
  if (!learnt) {
    spdlog::warn(
        "{} does not say what dates it was learnt from; what is tuned on these is tuned to errors that are "
        "too "
        "small",
        prior.string());
    return;
  }
  if (!calendar::are_comparable({domain.calendar, {learnt->first_seconds}},
                                {period.calendar, {period.first_seconds}}))
    return;
  if (period.seconds(0) > learnt->last_seconds || period.seconds(period.hours - 1) < learnt->first_seconds)
    return;
  throw core::Error(fmt::format(
      "time.start, time.hours: the trajectory, {} to {}, touches what {} was learnt from, {}; tune on dates "
      "that it does not know",
      period.date(0), period.date(period.hours - 1), prior.string(),
      model::describe(*learnt, domain.calendar)));
}

Weighing weighing_of(const Task& task, const model::Domain& domain) {
  const at::Tensor scale = domain.of_observations().normalisation.scale();
  return {{scale.data_ptr<double>(), scale.data_ptr<double>() + scale.numel()}, task.spread_weight};
}

/// All that trials depend on but their numbers.
std::string identity_of(const Task& task, const std::vector<Dimension>& dimensions,
                        const std::string& of_job) {
  std::string text = of_job;
  for (const Dimension& dimension : dimensions)
    text += fmt::format("{} from {} to {}\n", dimension.name, dimension.least, dimension.most);
  const SearchOptions& search = task.search;
  text +=
      fmt::format("random {} round {} seed {} spread {} members {} first {}\n", search.random, search.round,
                  search.seed, task.spread_weight, task.settings.members, task.settings.first_member);
  text += fmt::format("reference {} {}\n", core::sha256_of_files(task.reference.files), task.reference.crop);
  return core::sha256(text);
}

/// What the root finds of a task before anything is drawn.
struct Checked {
  std::optional<std::vector<double>> start;
  std::string identity;
};

/// Removes the members of a trial that is in the journal. A search that died between the two left them.
void remove_members(const Task& task, const Trial& trial) {
  const fs::path folder = folder_of_trial(task, trial.number);
  std::error_code error;
  fs::remove_all(folder, error);
  if (error)
    throw core::Error(fmt::format("{}: cannot remove the members of a trial that is done: {}",
                                  folder.string(), error.message()));
}

/// The task's search, by teams.
class Search {
 public:
  /// @param journal  of the world's root; null on the others
  Search(const comm::Communicator& world, const TrialTools& tools, Outcome& outcome,
         std::optional<std::vector<double>> start, Journal* journal)
      : world_(world), tools_(tools), outcome_(outcome), start_(std::move(start)), journal_(journal) {}

  /// @return  false if it was stopped
  bool run() {
    const Task& task = tools_.task;
    const model::Domain& domain = tools_.prior.description.domain;
    for (const Trial& trial : outcome_.trials) tried_.push_back(tried(trial, weighing_of(task, domain)));
    while (next() < task.search.trials()) {
      if (world_.any(tools_.stop.is_requested())) return false;
      const Round round = round_of(next(), task.search);
      const std::int64_t end = std::min({next() + tools_.team.count, round.end, task.search.trials()});
      const std::int64_t mine = next() + tools_.team.index;
      std::optional<Trial> trial;
      if (mine < end) {
        const std::span before(tried_.data(), static_cast<std::size_t>(round.first));
        trial = run_trial(tools_, mine, propose(outcome_.dimensions, task.search, start_, before, mine));
      }
      const bool is_stopped = world_.any(mine < end && !trial);
      conclude(trial);
      if (is_stopped) return false;
    }
    return true;
  }

 private:
  std::int64_t next() const { return static_cast<std::int64_t>(outcome_.trials.size()); }

  /// Brings the teams' trials together: those before one that was stopped are done.
  void conclude(const std::optional<Trial>& mine) {
    const model::Domain& domain = tools_.prior.description.domain;
    const std::vector<io::Variable>& variables = domain.variables;
    std::string text;
    if (mine && tools_.team.ranks.is_root())
      text = to_json(*mine, outcome_.dimensions, variables)
                 .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
             "\n";
    std::string all;
    for (const std::string& one : world_.gather(text)) all += one;
    world_.broadcast(all);
    std::vector<Trial> done;
    std::istringstream lines(all);
    for (std::string line; std::getline(lines, line);) {
      Trial trial = parse_trial(nlohmann::json::parse(line), outcome_.dimensions, variables);
      if (trial.number == next() + static_cast<std::int64_t>(done.size())) done.push_back(std::move(trial));
    }
    world_.agree_on_root([&] {
      journal_->add(done);
      for (const Trial& trial : done) {
        spdlog::info("{}", describe(trial, outcome_.dimensions, variables));
        remove_members(tools_.task, trial);
      }
    });
    for (Trial& trial : done) {
      tried_.push_back(tried(trial, weighing_of(tools_.task, domain)));
      outcome_.trials.push_back(std::move(trial));
    }
  }

  const comm::Communicator& world_;
  const TrialTools& tools_;
  Outcome& outcome_;
  std::optional<std::vector<double>> start_;
  Journal* journal_;
  std::vector<Tried> tried_;  // of the outcome's trials
};

/// Gives all ranks the root's numbers, or that it has none.
void share(const comm::Communicator& world, std::optional<std::vector<double>>& values) {
  std::vector<double> numbers = values.value_or(std::vector<double>{});
  world.broadcast(numbers);
  if (!numbers.empty()) values = numbers;
}

/// Gives all ranks the trials of the root's journal.
void share(const comm::Communicator& world, const Journal* journal, Outcome& outcome,
           const std::vector<io::Variable>& variables) {
  std::string text = "[]";
  if (journal != nullptr) {
    nlohmann::json all = nlohmann::json::array();
    for (const Trial& trial : journal->trials()) all.push_back(to_json(trial, outcome.dimensions, variables));
    text = all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  world.broadcast(text);
  for (const nlohmann::json& one : nlohmann::json::parse(text))
    outcome.trials.push_back(parse_trial(one, outcome.dimensions, variables));
}

}  // namespace

Outcome tune(const comm::Communicator& world, const Task& task, const process::Hardware& hardware,
             const process::StopToken& stop, bool validate_only) {
  Outcome outcome;
  std::optional<model::PriorFiles> files =
      job::open_prior(world, task.settings.prior, task.settings.gaussian);
  const ensemble::Team team = ensemble::make_team(world, task.ranks_per_trial, "tune.ranks_per_trial");
  std::unique_ptr<process::OutputFolder> folder;
  std::unique_ptr<process::OutputLock> lock;
  job::Settings first = task.settings;
  first.output = (fs::path(task.folder) / "trials" / "check").string();
  Checked checked;
  world.agree_on_root([&] {
    if (!task.settings.is_conditioned())
      throw core::UsageError(
          "input.observations, input.stations: one of them is required, and sampler.guidance other than "
          "none");
    const model::Domain& domain = files->description().domain;
    outcome.dimensions = dimensions_of(task, domain);
    checked.start = stated_values(task, domain);
    folder = std::make_unique<process::OutputFolder>(task.folder, "output.directory", validate_only);
    lock = std::make_unique<process::OutputLock>(task.folder, "output.directory");
    const std::string output = first.output;
    first = settings_of(task, domain, checked.start.value_or(middle_of(outcome.dimensions)));
    first.output = output;
  });
  {
    const job::Planned planned = job::make_plan(world, first, files ? &files->description() : nullptr,
                                                hardware.device, /*validate_only=*/true);
    outcome.period = planned.plan.period;
    world.agree_on_root([&] {
      const model::Domain& domain = files->description().domain;
      check_reserved(task.reserved, outcome.period);
      for (const std::string& prior : {task.settings.prior, task.settings.gaussian})
        if (!prior.empty()) check_learnt(prior, domain, outcome.period);
      core::with_context("input.reference", [&] { Reference(task.reference, domain, outcome.period); });
      checked.identity = identity_of(task, outcome.dimensions, planned.plan.identity);
    });
  }
  std::optional<Journal> journal;
  world.agree_on_root([&] {
    std::error_code ignored;
    fs::remove(fs::path(task.folder) / "trials" / "check", ignored);
    journal.emplace(task.folder, checked.identity, outcome.dimensions, files->description().domain.variables);
    if (!validate_only)
      for (const Trial& trial : journal->trials()) remove_members(task, trial);
  });
  if (validate_only) return outcome;

  const model::PriorBundle prior =
      job::load_prior(world, std::move(files), at::TensorOptions(at::kFloat).device(hardware.device),
                      task.settings.precision);
  const model::Domain& domain = prior.description.domain;
  outcome.dimensions = dimensions_of(task, domain);
  std::optional<Reference> reference;
  world.agree([&] {
    if (team.ranks.is_root()) reference.emplace(task.reference, domain, outcome.period);
  });
  share(world, checked.start);
  share(world, journal ? &*journal : nullptr, outcome, domain.variables);
  const TrialTools tools{task, team, prior, reference ? &*reference : nullptr, hardware, stop};
  outcome.is_done = Search(world, tools, outcome, checked.start, journal ? &*journal : nullptr).run();
  std::vector<Tried> all;
  for (const Trial& trial : outcome.trials) all.push_back(tried(trial, weighing_of(task, domain)));
  outcome.best = best_of(all);
  world.agree_on_root([&] {
    std::error_code ignored;
    if (outcome.is_done) fs::remove(fs::path(task.folder) / "trials", ignored);  // if it is empty
    if (outcome.is_done && !outcome.best)
      throw core::Error(fmt::format("all {} trials failed; the last: {}", outcome.trials.size(),
                                    outcome.trials.back().failure));
  });
  return outcome;
}

}  // namespace foehn::tuning

#include "trial_run.hpp"

#include <fmt/format.h>

#include <string>

#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/diffusion/divergence.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"

namespace foehn::tuning {

namespace fs = std::filesystem;

namespace {

enum class Drawn { all, some, diverged };

Drawn draw(const TrialTools& tools, const job::Settings& settings, std::string& failure) {
  const comm::Communicator& ranks = tools.team.ranks;
  job::Planned planned = job::make_plan(ranks, settings, ranks.is_root() ? &tools.prior.description : nullptr,
                                        tools.hardware.device, /*validate_only=*/false);
  if (planned.plan.members.empty()) return Drawn::all;
  try {
    const job::Result result = job::run(ranks, planned.plan, planned.root ? &*planned.root : nullptr,
                                        tools.prior, tools.hardware, tools.stop);
    return result.is_done ? Drawn::all : Drawn::some;
  } catch (const core::CollectiveError& error) {
    failure = error.what();
    if (failure.find(diffusion::kDiverged) == std::string::npos) throw;
    return Drawn::diverged;
  }
}

}  // namespace

fs::path folder_of_trial(const Task& task, std::int64_t number) {
  return fs::path(task.folder) / "trials" / fmt::format("trial_{:04}", number);
}

std::optional<Trial> run_trial(const TrialTools& tools, std::int64_t number,
                               const std::vector<double>& values) {
  const core::Activity activity(fmt::format("trial {}", number));
  const model::Domain& domain = tools.prior.description.domain;
  job::Settings settings = settings_of(tools.task, domain, values);
  settings.output = folder_of_trial(tools.task, number).string();
  Trial trial{number, values, {}, ""};
  const Drawn drawn = draw(tools, settings, trial.failure);
  if (drawn == Drawn::some) return std::nullopt;
  if (drawn == Drawn::diverged) return trial;
  tools.team.ranks.agree_on_root([&] {
    std::vector<fs::path> members;
    for (std::int64_t i = 0; i < settings.members; ++i)
      members.push_back(fs::path(settings.output) /
                        fmt::format("member_{:03}.nc", settings.first_member + i));
    trial.scores = tools.reference->score(members);
  });
  return trial;
}

}  // namespace foehn::tuning

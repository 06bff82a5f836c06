#include "foehn/campaign/standing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/text.hpp"
#include "foehn/job/run_record.hpp"

namespace foehn::campaign {

namespace {

std::string word_of(State state) {
  switch (state) {
    case State::impossible:
      return "cannot be run";
    case State::to_do:
      return "to do";
    case State::begun:
      return "begun";
    case State::done:
      return "done";
    case State::changed:
      return "drawn with other options";
  }
  return "";
}

/// What jobs that ran took per rank and instant, on average; nothing if none ran.
std::optional<double> mean_cost(const std::vector<Standing>& standings) {
  double sum = 0, steps = 0;
  for (const Standing& standing : standings)
    if (standing.rank_seconds_per_step) {
      sum += *standing.rank_seconds_per_step * static_cast<double>(standing.steps);
      steps += static_cast<double>(standing.steps);
    }
  return steps == 0 ? std::nullopt : std::optional(sum / steps);
}

/// Instants of all members that are still to be drawn; of jobs that were stopped, all of them.
double steps_left(const std::vector<Standing>& standings, std::int64_t members) {
  double steps = 0;
  for (const Standing& standing : standings)
    if (standing.state == State::to_do || standing.state == State::begun)
      steps += static_cast<double>(standing.steps * (members - standing.members_done));
  return steps;
}

std::string totals(const std::vector<Standing>& standings, std::int64_t members) {
  std::map<State, std::int64_t> counts;
  for (const Standing& standing : standings) ++counts[standing.state];
  std::vector<std::string> parts;
  for (const State state : {State::done, State::begun, State::to_do, State::changed, State::impossible})
    if (counts.contains(state)) parts.push_back(fmt::format("{} {}", counts[state], word_of(state)));
  std::string text = fmt::format(
      "{}: {}\n", core::counted(static_cast<std::int64_t>(standings.size()), "job"), fmt::join(parts, ", "));
  const double steps = steps_left(standings, members);
  if (steps == 0) return text;
  text += fmt::format("{:.4g} steps of members to draw", steps);
  if (const auto cost = mean_cost(standings))
    text += fmt::format(", about {} on one rank, by the jobs that ran", core::format_duration(steps * *cost));
  return text + "\n";
}

/// Of a job that was done when the campaign asked for fewer members.
std::string members_text(const Standing& standing) {
  if (standing.state != State::begun || standing.members_done == 0) return "";
  return fmt::format(", {} done", core::counted(standing.members_done, "member"));
}

}  // namespace

Standing standing_of(const Job& job, const std::filesystem::path& output, std::int64_t step_seconds,
                     std::int64_t members) {
  Standing standing{.job = job};
  try {
    if (job.missing.empty()) {
      const Cmip6File first = *parse_cmip6_name(job.files.front());
      standing.steps = steps_of(job.period, calendar_of(first.path, first.variable), step_seconds);
    }
  } catch (const core::Error& error) {
    standing.job.missing.push_back(error.what());
  }
  if (!standing.job.missing.empty()) {
    standing.state = State::impossible;
    return standing;
  }
  if (const auto run = job::read_run_record(output / job.folder())) {
    constexpr double kDaysPerYear = 365.25;
    if (run->state == "done" && run->has_files) standing.members_done = std::min(run->members, members);
    standing.state = standing.members_done == members ? State::done : State::begun;
    if (run->years_per_day > 0)
      standing.rank_seconds_per_step = static_cast<double>(run->ranks) * static_cast<double>(step_seconds) /
                                       (kDaysPerYear * run->years_per_day);
  }
  return standing;
}

std::string list_text(const std::vector<Standing>& standings, std::int64_t members) {
  std::size_t width = 0;
  for (const Standing& standing : standings) width = std::max(width, standing.job.name().size());
  std::string text;
  for (const Standing& standing : standings) {
    text += fmt::format("{:<{}}  ", standing.job.name(), width);
    if (standing.state == State::impossible)
      text += fmt::format("{} ({})\n", word_of(standing.state), fmt::join(standing.job.missing, "; "));
    else
      text += fmt::format("{} of {} steps, {}; {}{}\n", core::counted(members, "member"), standing.steps,
                          core::counted(static_cast<std::int64_t>(standing.job.files.size()), "file"),
                          word_of(standing.state), members_text(standing));
  }
  return text + totals(standings, members);
}

nlohmann::json to_json(const std::vector<Standing>& standings, std::int64_t members) {
  nlohmann::json jobs = nlohmann::json::array();
  for (const Standing& standing : standings) {
    const Job& job = standing.job;
    std::vector<std::string> files;
    for (const auto& file : job.files) files.push_back(file.string());
    jobs.push_back({{"name", job.name()},
                    {"model", job.model},
                    {"experiment", job.period.experiment},
                    {"variant", job.variant},
                    {"first_day", job.period.first},
                    {"last_day", job.period.last},
                    {"folder", job.folder().string()},
                    {"files", files},
                    {"missing", job.missing},
                    {"steps", standing.steps},
                    {"members", members},
                    {"members_done", standing.members_done},
                    {"state", word_of(standing.state)}});
  }
  nlohmann::json json{{"jobs", jobs}, {"steps_left", steps_left(standings, members)}};
  if (const auto cost = mean_cost(standings)) json["rank_seconds_per_step"] = *cost;
  return json;
}

}  // namespace foehn::campaign

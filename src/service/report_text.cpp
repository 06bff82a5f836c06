#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "foehn/core/progress.hpp"
#include "foehn/core/text.hpp"
#include "foehn/service/report.hpp"

namespace foehn::service {

namespace {

std::string progress_of(const JobReport& job) {
  std::string text;
  if (job.progress && job.progress->total > 0) {
    const Beat& beat = *job.progress;
    text = fmt::format("{} %, {} of {} {}", 100 * beat.done / beat.total, beat.done, beat.total, beat.unit);
    if (beat.seconds_left && !job.silent_seconds)
      text += fmt::format(", {} left", core::format_duration(*beat.seconds_left));
    text += "; ";
  }
  text += "by " + job.service;
  if (job.is_orphaned)
    text += fmt::format(", which is gone (last sign of life {} ago); the next service takes the job over",
                        core::format_duration(job.silent_seconds.value_or(0)));
  else if (job.silent_seconds)
    text += fmt::format(", no sign of life for {}", core::format_duration(*job.silent_seconds));
  return text;
}

/// What a user wants to know of a job in its state.
std::string remark(const JobReport& job) {
  if (!job.message.empty()) return job.message;
  if (job.state == State::claimed) return progress_of(job);
  if (job.state == State::done) return job.output;
  return job.ticket.crashes > 0 ? core::counted(job.ticket.crashes, "service crash") : "";
}

/// "1.2 kWh, 3.4 MJ per simulated year (2 of 3 runs; of the others it is unknown)"
std::string energy_text(const RunEnergy& energy) {
  constexpr double kKilowattHour = 3.6e6, kMega = 1e6;
  if (energy.metered == 0) return "unknown: the machines do not tell; each run.json says why";
  std::string text = fmt::format("{:.4g} kWh", energy.joules / kKilowattHour);
  if (energy.years > 0)
    text += fmt::format(", {:.4g} MJ per simulated year", energy.joules / kMega / energy.years);
  if (energy.metered < energy.runs)
    text += fmt::format(" ({} of {} runs; of the others it is unknown)", energy.metered, energy.runs);
  return text;
}

}  // namespace

std::string list_text(const std::vector<JobReport>& jobs) {
  std::size_t width = 0;
  for (const JobReport& job : jobs) width = std::max(width, job.ticket.name.size());
  std::string text;
  for (const JobReport& job : jobs) {
    std::string line = fmt::format("{:<8} {:<{}}  {:3}  {}", folder_name(job.state), job.ticket.name, width,
                                   job.ticket.priority, remark(job));
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string progress_text(const Report& report) {
  const auto count = [&](State state) {
    const auto found = report.summary.jobs.find(state);
    return found == report.summary.jobs.end() ? 0 : found->second;
  };
  return list_text(report.jobs) + fmt::format("{} queued, {} being run, {} held, {} failed, {} done\n",
                                              count(State::queued), count(State::claimed), count(State::held),
                                              count(State::failed), count(State::done));
}

std::string summary_text(const Summary& summary) {
  std::vector<std::string> counts;
  for (const auto& [state, count] : summary.jobs)
    counts.push_back(fmt::format("{} {}", count, folder_name(state)));
  std::string text = fmt::format("jobs                  {}\n", fmt::join(counts, ", "));
  text += fmt::format("simulated             {:.4g} years", summary.years);
  if (summary.hours > 0)
    text += fmt::format(" in {}: {:.4g} years per day", core::format_duration(3600 * summary.hours),
                        24 * summary.years / summary.hours);
  text += fmt::format("\ndevice-hours          {:.4g}\n", summary.device_hours);
  text +=
      fmt::format("windows evaluated     {}, with gradients {}\n", summary.evaluated, summary.differentiated);
  if (summary.processors.runs > 0)
    text += fmt::format("energy, processors    {}\n", energy_text(summary.processors));
  if (summary.gpus.runs > 0) text += fmt::format("energy, GPUs          {}\n", energy_text(summary.gpus));
  text += fmt::format("crashes of services   {}\n", summary.crashes);
  if (summary.waiting_hours)
    text += fmt::format("mean time in queue    {}\n", core::format_duration(3600 * *summary.waiting_hours));
  return text;
}

}  // namespace foehn::service

#include "foehn/service/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "foehn/service/journal.hpp"
#include "watch.hpp"

namespace foehn::service {

namespace {

/// A number of a journal's line; 0 if it lacks it.
double number(const nlohmann::json& line, const char* name) {
  const auto found = line.find(name);
  return found != line.end() && found->is_number() ? found->get<double>() : 0;
}

std::string text(const nlohmann::json& line, const char* name) {
  const auto found = line.find(name);
  return found != line.end() && found->is_string() ? found->get<std::string>() : "";
}

/// Adds a run of which a journal's line says how much energy it took, or does not.
void add_energy(RunEnergy& energy, const nlohmann::json& line, const char* name) {
  ++energy.runs;
  if (!line.contains(name)) return;
  ++energy.metered;
  energy.joules += number(line, name);
  energy.years += number(line, "years");
}

std::vector<std::string> texts(const nlohmann::json& line, const char* name) {
  std::vector<std::string> all;
  if (const auto found = line.find(name); found != line.end() && found->is_array())
    for (const nlohmann::json& one : *found)
      if (one.is_string()) all.push_back(one.get<std::string>());
  return all;
}

/// A run that metered all processors of its hosts.
struct MeteredRun {
  double begin, end;  ///< seconds since 1970
  double joules;
  std::vector<std::string> hosts;
};

/// The run of a journal's line. Journals of versions before 0.9 do not name hosts: such a run has one of its
/// own.
MeteredRun metered_run(const nlohmann::json& line, std::size_t number_of_line) {
  constexpr double kShortest = 1e-3;  // seconds, for a power
  const double end = number(line, "time");
  MeteredRun run{.begin = end - std::max(kShortest, number(line, "seconds")),
                 .end = end,
                 .joules = number(line, "processors_joules"),
                 .hosts = texts(line, "hosts")};
  if (run.hosts.empty()) run.hosts.push_back(fmt::format("/{}", number_of_line));
  return run;
}

/// Joules of a host while any run was there. Each metered the whole host: the mean of their powers counts
/// once.
/// @param runs  joules are this host's part
double joules_of_host(const std::vector<MeteredRun>& runs) {
  std::multimap<double, std::pair<int, double>> changes;  // of the number of runs and the sum of their watts
  for (const MeteredRun& run : runs) {
    const double watts = run.joules / (run.end - run.begin);
    changes.insert({run.begin, {1, watts}});
    changes.insert({run.end, {-1, -watts}});
  }
  double joules = 0, watts = 0, since = 0;
  int count = 0;
  for (const auto& [time, change] : changes) {
    if (count > 0) joules += (time - since) * watts / count;
    count += change.first;
    watts = count > 0 ? watts + change.second : 0;
    since = time;
  }
  return joules;
}

/// Joules of the processors of all hosts, each at any time once. What a run took on several hosts is shared
/// out among them evenly.
double joules_of_processors(const std::vector<MeteredRun>& runs) {
  std::map<std::string, std::vector<MeteredRun>> by_host;
  for (const MeteredRun& run : runs)
    for (const std::string& host : run.hosts) {
      MeteredRun part = run;
      part.joules /= static_cast<double>(run.hosts.size());
      by_host[host].push_back(std::move(part));
    }
  double joules = 0;
  for (const auto& [host, parts] : by_host) joules += joules_of_host(parts);
  return joules;
}

nlohmann::json energy_json(const RunEnergy& energy) {
  nlohmann::json json{{"runs", energy.runs}, {"metered", energy.metered}};
  if (energy.metered > 0) json["joules"] = energy.joules;
  if (energy.years > 0) json["joules_per_simulated_year"] = energy.joules / energy.years;
  return json;
}

Summary summarise(const std::vector<nlohmann::json>& lines) {
  Summary summary;
  std::set<std::string> waited;
  std::vector<MeteredRun> metered;
  double first = 0, last = 0, waiting_seconds = 0;
  for (const nlohmann::json& line : lines) {
    const std::string event = text(line, "event");
    const double time = number(line, "time");
    if (event == event_name(Event::taken_over)) ++summary.crashes;
    if (event == event_name(Event::claimed)) {
      if (first == 0) first = time;
      if (line.contains("waiting_seconds") && waited.insert(text(line, "job")).second)
        waiting_seconds += number(line, "waiting_seconds");
    }
    if (!line.contains("seconds")) continue;  // of a job that ran
    last = time;
    summary.years += number(line, "years");
    summary.device_hours += number(line, "seconds") * number(line, "ranks") / 3600;
    summary.evaluated += static_cast<std::int64_t>(number(line, "evaluated"));
    summary.differentiated += static_cast<std::int64_t>(number(line, "differentiated"));
    add_energy(summary.processors, line, "processors_joules");
    if (line.contains("processors_joules")) metered.push_back(metered_run(line, metered.size()));
    if (text(line, "device") == "cuda") add_energy(summary.gpus, line, "gpus_joules");
  }
  summary.processors.joules = joules_of_processors(metered);
  summary.hours = std::max(0.0, last - first) / 3600;
  if (!waited.empty()) summary.waiting_hours = waiting_seconds / 3600 / static_cast<double>(waited.size());
  return summary;
}

/// A beat that has not come so many times is late.
constexpr double kLateBeats = 3;

/// Says of a job whose service is known to be dead, or whose next beat is long due, since when. A user is
/// told of it, by clocks that may disagree; nothing is decided by it.
void tell_silence(const Spool& spool, const Beat& beat, JobReport& job) {
  const double seconds = std::max(0.0, seconds_since_1970() - beat.time);
  const auto is_held = beat.machine == machine_identity() ? is_lock_held(spool, job.service) : std::nullopt;
  job.is_orphaned = is_held.has_value() && !*is_held;
  const bool is_late = !is_held && seconds > kLateBeats * beat.seconds;
  if (job.is_orphaned || is_late) job.silent_seconds = seconds;
}

/// The jobs that services run, with how far they have come.
std::vector<JobReport> claimed_jobs(const Spool& spool) {
  std::vector<JobReport> jobs;
  for (const Claim& claim : spool.claims()) {
    JobReport job{.ticket = claim.ticket, .state = State::claimed, .service = claim.service};
    const auto text = read_beat(spool, claim.service);
    const auto beat = text ? parse_beat(*text) : std::nullopt;
    if (!beat) job.message = fmt::format("by {}, which left no sign of life", claim.service);
    if (beat) tell_silence(spool, *beat, job);
    if (beat && beat->job == claim.ticket.name) job.progress = beat;
    jobs.push_back(std::move(job));
  }
  std::sort(jobs.begin(), jobs.end(),
            [](const JobReport& one, const JobReport& other) { return is_before(one.ticket, other.ticket); });
  return jobs;
}

/// The jobs of a state other than claimed, in order.
std::vector<JobReport> jobs_in(const Spool& spool, State state) {
  std::vector<JobReport> jobs;
  for (const Ticket& ticket : spool.tickets(state)) jobs.push_back({.ticket = ticket, .state = state});
  std::sort(jobs.begin(), jobs.end(),
            [](const JobReport& one, const JobReport& other) { return is_before(one.ticket, other.ticket); });
  if (state != State::queued) return jobs;
  for (const std::string& file : spool.queue().unnumbered) {
    JobReport& job = jobs.emplace_back();
    job.ticket.name = std::filesystem::path(file).stem().string();
    job.state = state;
    job.message = "put here by hand; the next service that lives takes notice";
  }
  return jobs;
}

}  // namespace

Report report_on(const Spool& spool) {
  Report report;
  report.jobs = claimed_jobs(spool);
  for (const State state : {State::queued, State::held, State::failed, State::done}) {
    std::vector<JobReport> some = jobs_in(spool, state);
    std::move(some.begin(), some.end(), std::back_inserter(report.jobs));
  }
  const std::vector<nlohmann::json> lines = read_journals(spool);
  report.summary = summarise(lines);
  std::map<std::string, std::string> outputs;
  for (const nlohmann::json& line : lines)
    if (line.contains("output")) outputs[text(line, "job")] = text(line, "output");
  for (JobReport& job : report.jobs) {
    ++report.summary.jobs[job.state];
    if (const auto output = outputs.find(job.ticket.name); output != outputs.end())
      job.output = output->second;
    if (job.state == State::failed) job.message = spool.message(job.ticket);
  }
  return report;
}

Report report_on_progress(const Spool& spool) {
  Report report{.jobs = claimed_jobs(spool), .summary = {}};
  auto& counts = report.summary.jobs;
  counts[State::claimed] = static_cast<std::int64_t>(report.jobs.size());
  for (const State state : {State::queued, State::held, State::failed, State::done})
    counts[state] = static_cast<std::int64_t>(jobs_in(spool, state).size());
  return report;
}

nlohmann::json to_json(const Report& report) {
  nlohmann::json jobs = nlohmann::json::array();
  for (const JobReport& job : report.jobs) {
    nlohmann::json json{{"name", job.ticket.name},
                        {"state", folder_name(job.state)},
                        {"priority", job.ticket.priority},
                        {"crashes", job.ticket.crashes}};
    if (!job.service.empty()) json["service"] = job.service;
    if (!job.output.empty()) json["output"] = job.output;
    if (!job.message.empty()) json["message"] = job.message;
    if (job.progress && job.progress->total > 0) {
      json["done"] = job.progress->done;
      json["total"] = job.progress->total;
      json["unit"] = job.progress->unit;
      if (job.progress->seconds_left) json["seconds_left"] = *job.progress->seconds_left;
    }
    if (job.silent_seconds) json["silent_seconds"] = *job.silent_seconds;
    if (job.is_orphaned) json["service_is_gone"] = true;
    jobs.push_back(std::move(json));
  }
  const Summary& summary = report.summary;
  nlohmann::json counts = nlohmann::json::object();
  for (const auto& [state, count] : summary.jobs) counts[folder_name(state)] = count;
  nlohmann::json totals{{"jobs", counts},
                        {"simulated_years", summary.years},
                        {"device_hours", summary.device_hours},
                        {"hours", summary.hours},
                        {"windows_evaluated", summary.evaluated},
                        {"windows_differentiated", summary.differentiated},
                        {"energy_of_processors", energy_json(summary.processors)},
                        {"energy_of_gpus", energy_json(summary.gpus)},
                        {"crashes", summary.crashes}};
  if (summary.waiting_hours) totals["mean_waiting_hours"] = *summary.waiting_hours;
  if (summary.hours > 0) totals["simulated_years_per_day"] = 24 * summary.years / summary.hours;
  return {{"jobs", jobs}, {"summary", totals}};
}

}  // namespace foehn::service

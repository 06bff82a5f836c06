#include "foehn/service/report.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "foehn/service/journal.hpp"

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

Summary summarise(const std::vector<nlohmann::json>& lines) {
  Summary summary;
  std::set<std::string> waited;
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
  }
  summary.hours = std::max(0.0, last - first) / 3600;
  if (!waited.empty()) summary.waiting_hours = waiting_seconds / 3600 / static_cast<double>(waited.size());
  return summary;
}

/// The jobs that services run, with how far they have come.
std::vector<JobReport> claimed_jobs(const Spool& spool) {
  std::vector<JobReport> jobs;
  for (const Claim& claim : spool.claims()) {
    JobReport job{.ticket = claim.ticket, .state = State::claimed, .service = claim.service};
    const auto beat = read_beat(spool, claim.service);
    job.progress = beat ? parse_beat(*beat) : std::nullopt;
    if (job.progress && job.progress->job != claim.ticket.name) job.progress.reset();
    jobs.push_back(std::move(job));
  }
  return jobs;
}

}  // namespace

Report report_on(const Spool& spool) {
  Report report;
  report.jobs = claimed_jobs(spool);
  for (const State state : {State::queued, State::held, State::failed, State::done})
    for (const Ticket& ticket : spool.tickets(state))
      report.jobs.push_back({.ticket = ticket, .state = state});
  const auto rank = [](State state) {
    static constexpr State kOrder[] = {State::claimed, State::queued, State::held, State::failed,
                                       State::done};
    return std::find(std::begin(kOrder), std::end(kOrder), state);
  };
  std::sort(report.jobs.begin(), report.jobs.end(), [&](const JobReport& one, const JobReport& other) {
    if (one.state != other.state) return rank(one.state) < rank(other.state);
    return is_before(one.ticket, other.ticket);
  });
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
                        {"crashes", summary.crashes}};
  if (summary.waiting_hours) totals["mean_waiting_hours"] = *summary.waiting_hours;
  if (summary.hours > 0) totals["simulated_years_per_day"] = 24 * summary.years / summary.hours;
  return {{"jobs", jobs}, {"summary", totals}};
}

}  // namespace foehn::service

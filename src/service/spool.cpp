#include "foehn/service/spool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"

namespace foehn::service {

namespace {

constexpr State kStates[] = {State::queued, State::held, State::claimed, State::failed, State::done};
constexpr const char* kCancelled = "cancelled\n";

/// How often a job that moves on meanwhile is looked for again.
constexpr int kMostTries = 5;

/// How long a submission waits for another.
constexpr std::chrono::milliseconds kLockGlance{50};
constexpr std::chrono::seconds kLockTimeout{60};

constexpr const char* kJobSuffix = ".ini";

std::int64_t next_serial(const std::map<std::string, Spool::Job>& jobs) {
  std::int64_t last = 0;
  for (const auto& [name, job] : jobs) last = std::max(last, job.ticket.serial);
  return last + 1;
}

std::string taken_name(const Spool::Job& job) {
  return fmt::format("the spool has a job named {} already ({})", job.ticket.name, folder_name(job.state));
}

}  // namespace

std::string folder_name(State state) {
  switch (state) {
    case State::queued:
      return "queued";
    case State::claimed:
      return "claimed";
    case State::done:
      return "done";
    case State::failed:
      return "failed";
    case State::held:
      return "held";
  }
  throw core::Error("unknown state of a job");
}

Spool::Spool(FileSystem& files, const std::filesystem::path& folder)
    : files_(files), folder_(std::filesystem::absolute(folder).lexically_normal()) {}

void Spool::make() const {
  for (const State state : kStates) files_.make_folder(folder(state));
  for (const auto& more : {services(), journals()}) files_.make_folder(more);
}

void Spool::check() const {
  if (files_.exists(folder(State::queued))) return;
  throw core::UsageError(fmt::format(
      "{}: expected a spool, found no folder 'queued' in it; foehn submit makes one", folder_.string()));
}

std::vector<Ticket> Spool::tickets(State state) const {
  std::vector<Ticket> tickets;
  for (const std::string& file : files_.list(folder(state)))
    if (auto ticket = parse_ticket(file)) tickets.push_back(std::move(*ticket));
  return tickets;
}

std::vector<Claim> Spool::claims() const {
  std::vector<Claim> claims;
  for (const std::string& file : files_.list(folder(State::claimed)))
    if (auto claim = parse_claim(file)) claims.push_back(std::move(*claim));
  return claims;
}

std::vector<Spool::Job> Spool::jobs_in(State state) const {
  std::vector<Job> jobs;
  if (state == State::claimed) {
    for (const Claim& claim : claims()) jobs.push_back({state, claim.ticket, folder(state) / claim.file()});
  } else {
    for (const Ticket& ticket : tickets(state))
      jobs.push_back({state, ticket, folder(state) / ticket.file()});
  }
  return jobs;
}

std::map<std::string, Spool::Job> Spool::jobs() const {
  // A job that moves behind the first look, from claimed back to queued, is met by the second.
  std::vector<State> looks(std::begin(kStates), std::end(kStates));
  looks.insert(looks.end(), std::rbegin(kStates), std::rend(kStates));
  std::map<std::string, Job> found;
  for (const State state : looks)
    for (Job& job : jobs_in(state)) {
      const std::string name = job.ticket.name;
      found.insert_or_assign(name, std::move(job));
    }
  return found;
}

std::optional<std::string> Spool::text(const Job& job) const {
  return files_.read(job.file);
}

std::unique_ptr<Lock> Spool::submission_lock() const {
  const auto end = std::chrono::steady_clock::now() + kLockTimeout;
  for (;;) {
    if (auto lock = files_.try_lock(folder_)) return lock;
    if (std::chrono::steady_clock::now() >= end)
      throw core::Error(fmt::format(
          "{}: others have been queuing jobs for {} s; if none does, remove the file .foehn_lock there",
          folder_.string(), kLockTimeout.count()));
    std::this_thread::sleep_for(kLockGlance);
  }
}

void Spool::submit(const std::vector<NewJob>& jobs, std::int64_t priority) const {
  const auto lock = submission_lock();
  const std::map<std::string, Job> taken = this->jobs();
  for (const NewJob& job : jobs)
    if (const auto found = taken.find(job.name); found != taken.end())
      throw core::UsageError(taken_name(found->second));
  std::int64_t serial = next_serial(taken);
  std::size_t queued = 0;
  try {
    for (; queued < jobs.size(); ++queued)
      files_.create(folder(State::queued) / Ticket{priority, serial++, jobs[queued].name, 0}.file(),
                    jobs[queued].text);
  } catch (const core::Error& error) {
    throw core::Error(fmt::format("{}; {} of {} were queued before", error.what(), queued,
                                  core::counted(static_cast<std::int64_t>(jobs.size()), "job")));
  }
}

Spool::Queue Spool::queue() const {
  Queue queue;
  for (std::string& file : files_.list(folder(State::queued))) {
    if (auto ticket = parse_ticket(file))
      queue.tickets.push_back(std::move(*ticket));
    else if (file.ends_with(kJobSuffix))
      queue.unnumbered.push_back(std::move(file));
  }
  return queue;
}

std::string Spool::number(const std::string& file) const {
  const std::string name = std::filesystem::path(file).stem().string();
  try {
    check_job_name(name);
  } catch (const core::UsageError& error) {
    return error.what();
  }
  const auto lock = files_.try_lock(folder_);
  if (!lock) return "";
  const std::map<std::string, Job> taken = jobs();
  if (const auto found = taken.find(name); found != taken.end()) return taken_name(found->second);
  files_.rename(folder(State::queued) / file,
                folder(State::queued) / Ticket{kUsualPriority, next_serial(taken), name, 0}.file());
  return "";
}

void Spool::forget(const Ticket& done) const {
  files_.remove(folder(State::done) / done.file());
}

bool Spool::move(const std::filesystem::path& from, const std::filesystem::path& to) const {
  files_.rename(from, to);
  return files_.exists(to);
}

bool Spool::take(const Claim& claim) const {
  return move(folder(State::queued) / claim.ticket.file(), folder(State::claimed) / claim.file());
}

bool Spool::holds(const Claim& claim) const {
  return files_.exists(folder(State::claimed) / claim.file());
}

std::string Spool::text(const Claim& claim) const {
  const auto file = folder(State::claimed) / claim.file();
  const auto text = files_.read(file);
  if (!text) throw core::Error(fmt::format("{}: no such file: the job was taken away", file.string()));
  return *text;
}

void Spool::put_back(const Claim& claim, const Ticket& ticket) const {
  files_.rename(folder(State::claimed) / claim.file(), folder(State::queued) / ticket.file());
}

bool Spool::finish(const Claim& claim) const {
  return move(folder(State::claimed) / claim.file(), folder(State::done) / claim.ticket.file());
}

bool Spool::fail(const Claim& claim, const std::string& message) const {
  const auto beside = folder(State::failed) / claim.ticket.message_file();
  // First the message, so that no failed job lacks one.
  if (!holds(claim)) return false;
  files_.overwrite(beside, message + "\n");
  if (move(folder(State::claimed) / claim.file(), folder(State::failed) / claim.ticket.file())) return true;
  files_.remove(beside);
  return false;
}

std::optional<Spool::Job> Spool::find(const std::string& name, const std::vector<State>& states) const {
  for (const State state : states)
    for (Job& job : jobs_in(state))
      if (job.ticket.name == name) return std::move(job);
  return std::nullopt;
}

std::optional<State> Spool::state_of(const std::string& name) const {
  for (int look = 0; look < kMostTries; ++look)
    if (const auto found = find(name, {std::begin(kStates), std::end(kStates)})) return found->state;
  return std::nullopt;
}

bool Spool::move_named(const std::string& name, const std::vector<State>& from, State to,
                       const std::string& message) const {
  for (int look = 0; look < kMostTries; ++look) {
    const auto found = find(name, from);
    if (!found) continue;  // it may have moved behind the look
    Ticket ticket = found->ticket;
    if (found->state == State::failed) ticket.crashes = 0;
    const auto beside = folder(State::failed) / ticket.message_file();
    if (!message.empty()) files_.overwrite(beside, message);
    if (move(found->file, folder(to) / ticket.file())) {
      if (found->state == State::failed) files_.remove(folder(State::failed) / found->ticket.message_file());
      return true;
    }
    if (!message.empty()) files_.remove(beside);
  }
  return false;
}

bool Spool::cancel(const std::string& name) const {
  return move_named(name, {State::queued, State::held, State::claimed}, State::failed, kCancelled);
}

bool Spool::hold(const std::string& name) const {
  return move_named(name, {State::queued, State::claimed}, State::held, "");
}

bool Spool::release(const std::string& name) const {
  return move_named(name, {State::held}, State::queued, "");
}

bool Spool::retry(const std::string& name) const {
  return move_named(name, {State::failed}, State::queued, "");
}

std::string Spool::message(const Ticket& ticket) const {
  std::string text = files_.read(folder(State::failed) / ticket.message_file()).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace foehn::service

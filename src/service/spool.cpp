#include "foehn/service/spool.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::service {

namespace {

constexpr State kStates[] = {State::queued, State::held, State::claimed, State::failed, State::done};
constexpr const char* kCancelled = "cancelled\n";

/// How often a job that moves on meanwhile is looked for again.
constexpr int kMostLooks = 5;

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
  for (const auto& more : {folder_ / "names", services(), journals()}) files_.make_folder(more);
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

std::int64_t Spool::next_serial() const {
  std::int64_t last = 0;
  for (const State state : kStates) {
    if (state == State::claimed) continue;
    for (const Ticket& ticket : tickets(state)) last = std::max(last, ticket.serial);
  }
  for (const Claim& claim : claims()) last = std::max(last, claim.ticket.serial);
  return last + 1;
}

bool Spool::knows(const std::string& name) const {
  return files_.exists(folder_ / "names" / name);
}

void Spool::submit(const Ticket& ticket, const std::string& text) const {
  const auto name = folder_ / "names" / ticket.name;
  if (!files_.create(name, "")) {
    const auto state = state_of(ticket.name);
    throw core::UsageError(
        state
            ? fmt::format("the spool has a job named {} already ({})", ticket.name, folder_name(*state))
            : fmt::format("the spool has no job named {}, but {} exists: its submission is under way or was "
                          "interrupted; if it was, remove that file",
                          ticket.name, name.string()));
  }
  try {
    files_.create(folder(State::queued) / ticket.file(), text);
  } catch (const core::Error&) {
    files_.remove(name);
    throw;
  }
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

std::optional<Spool::Found> Spool::find(const std::string& name, const std::vector<State>& states) const {
  for (const State state : states) {
    if (state == State::claimed) {
      for (const Claim& claim : claims())
        if (claim.ticket.name == name) return Found{state, claim.ticket, folder(state) / claim.file()};
      continue;
    }
    for (const Ticket& ticket : tickets(state))
      if (ticket.name == name) return Found{state, ticket, folder(state) / ticket.file()};
  }
  return std::nullopt;
}

std::optional<State> Spool::state_of(const std::string& name) const {
  for (int look = 0; look < kMostLooks; ++look)
    if (const auto found = find(name, {std::begin(kStates), std::end(kStates)})) return found->state;
  return std::nullopt;
}

bool Spool::move_named(const std::string& name, const std::vector<State>& from, State to,
                       const std::string& message) const {
  for (int look = 0; look < kMostLooks; ++look) {
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

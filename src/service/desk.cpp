#include "desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/text.hpp"

namespace foehn::service {

namespace {

constexpr double kListingSeconds = 10;  // for which a listing is worked through before another
constexpr double kAvoidSeconds = 30;
constexpr int kMostTooLong = 16;  // jobs read in vain for one that the time that is left suffices for
constexpr std::chrono::milliseconds kGlance{100};
constexpr int kFirstGlances = 5, kMostGlances = 50;  // between two listings of an empty queue

}  // namespace

Desk::Desk(Surroundings surroundings, const ServiceOptions& options)
    : in_(std::move(surroundings)),
      options_(options),
      watch_(in_.spool, options.patience_minutes * 60, in_.machine, in_.clock) {}

std::optional<std::variant<Task, Ending>> Desk::look() {
  if (in_.must_stop()) return Ending::drained;
  const double now = in_.clock();
  const bool is_fresh = listed_at_ && now - *listed_at_ < kListingSeconds && !queue_.empty();
  if (!is_fresh) list();
  if (auto task = take_next()) {
    idle_since_.reset();
    return std::move(*task);
  }
  if (too_long_ > 0) {
    spdlog::info("the time that is left suffices for none of the queued jobs");
    return Ending::drained;
  }
  if (options_.until_empty && avoided_.empty() && all_are_clear_) return Ending::empty;
  if (!idle_since_) idle_since_ = now;
  if (options_.idle_minutes > 0 && now - *idle_since_ >= options_.idle_minutes * 60) return Ending::idle;
  return std::nullopt;
}

std::variant<Task, Ending> Desk::wait() {
  for (int glances = kFirstGlances;; glances = std::min(2 * glances, kMostGlances)) {
    if (auto found = look()) return std::move(*found);
    for (int i = 0; i < glances && !in_.must_stop(); ++i) {
      core::beat();  // the other ranks wait for the root
      std::this_thread::sleep_for(kGlance);
    }
  }
}

void Desk::list() {
  review_claims();
  queue_ = in_.spool.tickets(State::queued);
  std::sort(queue_.begin(), queue_.end(),
            [](const Ticket& one, const Ticket& other) { return is_before(other, one); });
  listed_at_ = in_.clock();
  too_long_ = 0;
  std::erase_if(avoided_, [&](const auto& entry) { return *listed_at_ >= entry.second; });
}

void Desk::review_claims() {
  strays_.clear();
  all_are_clear_ = true;
  std::map<std::string, Life> lives;
  for (const Claim& claim : in_.spool.claims()) {
    if (claim.service == in_.service) {
      strays_.push_back(claim);
      continue;
    }
    if (!lives.contains(claim.service)) lives[claim.service] = watch_.look(claim.service);
    const Life life = lives[claim.service];
    if (life == Life::dead) take_over(claim);
    if (life == Life::unclear) all_are_clear_ = false;
  }
}

void Desk::take_over(const Claim& claim) const {
  Ticket ticket = claim.ticket;
  ++ticket.crashes;
  spdlog::warn("job {}: service {} is dead; crash {} of {}", ticket.name, claim.service, ticket.crashes,
               options_.crashes);
  in_.journal.write(Event::taken_over,
                    {{"job", ticket.name}, {"from", claim.service}, {"crashes", ticket.crashes}});
  if (ticket.crashes < options_.crashes) {
    in_.spool.put_back(claim, ticket);
    return;
  }
  in_.spool.fail(claim,
                 fmt::format("{} ended unexpectedly while running it; the last one was {}: see its log",
                             core::counted(ticket.crashes, "service"), claim.service));
}

bool Desk::is_too_long(const Ticket& ticket) const {
  const std::optional<double> left = in_.seconds_left();
  if (!left) return false;
  const auto text = in_.spool.files().read(in_.spool.folder(State::queued) / ticket.file());
  if (!text) return false;
  try {
    return in_.seconds_needed(*text) > *left;
  } catch (const core::Error&) {
    return false;  // it will be refused, which takes no time
  }
}

std::optional<Task> Desk::take(const Claim& claim) const {
  try {
    return Task{claim, in_.spool.text(claim)};
  } catch (const core::Error&) {
    if (in_.spool.holds(claim)) throw;
    return std::nullopt;  // taken away at once
  }
}

std::optional<Task> Desk::take_next() {
  // Claims that came late, or that could not be given up.
  for (; !strays_.empty(); strays_.pop_back())
    if (auto task = take(strays_.back())) {
      strays_.pop_back();
      return task;
    }
  while (!queue_.empty() && too_long_ < kMostTooLong) {
    const Ticket ticket = queue_.back();
    queue_.pop_back();
    if (avoided_.contains(ticket.name) || for_others_.contains(ticket.name)) continue;
    if (is_too_long(ticket)) {
      ++too_long_;
      continue;
    }
    const Claim claim{ticket, in_.service};
    if (!in_.spool.take(claim)) continue;
    if (auto task = take(claim)) return task;
  }
  return std::nullopt;
}

void Desk::avoid(const std::string& name) {
  avoided_[name] = in_.clock() + kAvoidSeconds;
}

void Desk::leave_to_others(const std::string& name) {
  for_others_.insert(name);
}

void Desk::leave() const {
  for (const Claim& claim : in_.spool.claims())
    if (claim.service == in_.service) in_.spool.put_back(claim, claim.ticket);
}

}  // namespace foehn::service

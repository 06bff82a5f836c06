#include "desk.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <iterator>
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
constexpr double kStillBusySeconds = 10 * kAvoidSeconds;  // between two looks at a folder that stayed busy
constexpr double kSettleSeconds = 2;  // in which a file that is copied into the queue grows
constexpr int kMostTooLong = 16;      // jobs read in vain for one that the time that is left suffices for
constexpr int kMostLooks = 32;        // jobs read for one that can be ended in it
constexpr std::chrono::milliseconds kGlance{100};
constexpr int kFirstGlances = 5, kMostGlances = 50;  // between two listings of an empty queue
constexpr int kUnclearGlances =
    21;  // where a service may be dead or a file grow: a little more than their grace
constexpr int kGlancesPerCheck = 10;  // of the services of this machine

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
  if (options_.until_empty && avoided_.empty() && all_are_clear_ && !has_unnumbered()) return Ending::empty;
  if (!idle_since_) idle_since_ = now;
  if (options_.idle_minutes > 0 && now - *idle_since_ >= options_.idle_minutes * 60) return Ending::idle;
  return std::nullopt;
}

std::variant<Task, Ending> Desk::wait() {
  for (int glances = kFirstGlances;; glances = std::min(2 * glances, kMostGlances)) {
    if (auto found = look()) return std::move(*found);
    const bool is_unclear = !all_are_clear_ || has_unnumbered();
    const int most = is_unclear ? std::min(glances, kUnclearGlances) : glances;
    for (int i = 1; i <= most && !in_.must_stop(); ++i) {
      core::beat();  // the other ranks wait for the root
      std::this_thread::sleep_for(kGlance);
      if (i % kGlancesPerCheck == 0 && watch_.has_lost_one()) break;
    }
  }
}

void Desk::list() {
  listed_at_ = in_.clock();
  review_claims();
  Spool::Queue queue = in_.spool.queue();
  number(queue.unnumbered);
  queue_ = std::move(queue.tickets);
  std::sort(queue_.begin(), queue_.end(),
            [](const Ticket& one, const Ticket& other) { return is_before(other, one); });
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

void Desk::number(const std::vector<std::string>& files) {
  std::map<std::string, Unnumbered> still;
  for (const std::string& file : files) {
    Unnumbered& seen = still[file] = unnumbered_[file];
    const std::string text = in_.spool.files().read(in_.spool.folder(State::queued) / file).value_or("");
    if (!seen.since || text != seen.text) {
      seen = {.text = text, .since = listed_at_, .is_refused = false};
      continue;
    }
    if (seen.is_refused || *listed_at_ - *seen.since < kSettleSeconds) continue;
    const std::string complaint = in_.spool.number(file);
    seen.is_refused = !complaint.empty();
    if (seen.is_refused)
      spdlog::warn("{} is left as it is: {}", (in_.spool.folder(State::queued) / file).string(), complaint);
  }
  unnumbered_ = std::move(still);
}

bool Desk::has_unnumbered() const {
  return std::any_of(unnumbered_.begin(), unnumbered_.end(),
                     [](const auto& entry) { return !entry.second.is_refused; });
}

std::optional<Need> Desk::need_of(const Ticket& ticket) const {
  const auto text = in_.spool.files().read(in_.spool.folder(State::queued) / ticket.file());
  if (!text) return std::nullopt;
  try {
    return in_.need(*text);
  } catch (const core::Error&) {
    return Need{};  // it will be refused, which takes no time
  }
}

std::optional<Task> Desk::read(const Claim& claim) const {
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
    if (auto task = read(strays_.back())) {
      strays_.pop_back();
      return task;
    }
  if (const std::optional<double> left = in_.seconds_left()) return take_fitting(*left);
  while (!queue_.empty()) {
    const Ticket ticket = queue_.back();
    queue_.pop_back();
    if (is_for_others(ticket)) continue;
    if (auto task = take(ticket)) return task;
  }
  return std::nullopt;
}

std::optional<Task> Desk::take_fitting(double seconds_left) {
  // The first job that can be ended, of those of the highest priority that can be begun.
  std::vector<Ticket> begun_only;
  int looks = 0;
  while (!queue_.empty() && too_long_ < kMostTooLong && looks < kMostLooks) {
    const Ticket ticket = queue_.back();
    if (!begun_only.empty() && ticket.priority != begun_only.front().priority) break;
    queue_.pop_back();
    if (is_for_others(ticket)) continue;
    const std::optional<Need> need = need_of(ticket);
    if (!need) continue;  // taken by another
    ++looks;
    if (need->to_get_anywhere > seconds_left) {
      ++too_long_;
    } else if (need->to_end && *need->to_end > seconds_left) {
      begun_only.push_back(ticket);
    } else if (auto task = take(ticket)) {
      queue_.insert(queue_.end(), begun_only.rbegin(), begun_only.rend());
      return task;
    }
  }
  for (auto next = begun_only.begin(); next != begun_only.end(); ++next)
    if (auto task = take(*next)) {
      queue_.insert(queue_.end(), std::make_reverse_iterator(begun_only.end()),
                    std::make_reverse_iterator(std::next(next)));
      return task;
    }
  return std::nullopt;
}

bool Desk::is_for_others(const Ticket& ticket) const {
  return avoided_.contains(ticket.name) || for_others_.contains(ticket.name);
}

std::optional<Task> Desk::take(const Ticket& ticket) const {
  const Claim claim{ticket, in_.service};
  return in_.spool.take(claim) ? read(claim) : std::nullopt;
}

std::optional<double> Desk::avoid(const std::string& name, bool is_sure) {
  const double now = in_.clock();
  avoided_[name] = now + kAvoidSeconds;
  const auto [place, is_new] = busy_.try_emplace(name, Busy{now, now});
  Busy& busy = place->second;
  if (is_sure || now - busy.last > kStillBusySeconds) busy.since = now;
  busy.last = now;
  const double seconds = now - busy.since;
  return seconds < options_.busy_minutes * 60 ? std::nullopt : std::optional(seconds);
}

void Desk::leave_to_others(const std::string& name) {
  for_others_.insert(name);
}

void Desk::leave() const {
  for (const Claim& claim : in_.spool.claims())
    if (claim.service == in_.service) in_.spool.put_back(claim, claim.ticket);
}

}  // namespace foehn::service

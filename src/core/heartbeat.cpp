#include "foehn/core/heartbeat.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

namespace foehn::core {

namespace {

std::atomic<std::int64_t> count = 0;
// Only the main thread waits.
std::atomic<const char*> waiting_for = nullptr;  // null: it does not
std::atomic<Awaited> awaited_now = Awaited::ranks;

/// By number, which rises: those within come later.
struct Activities {
  std::mutex mutex;
  std::map<std::int64_t, std::string> under_way;
  std::int64_t next = 0;
};

Activities& activities() {
  static auto* const all = new Activities;  // never freed: a watchdog may look until the process has ended
  return *all;
}

}  // namespace

void beat() {
  ++count;
}

std::int64_t heartbeats() {
  return count;
}

Waiting::Waiting(const char* what, Awaited awaited) {
  beat();
  awaited_now = awaited;
  waiting_for = what;
}

Waiting::~Waiting() {
  waiting_for = nullptr;
  beat();
}

Wait current_wait() {
  return {waiting_for, awaited_now};
}

void wait_until(const std::function<bool()>& is_done, const char* what) {
  using Clock = std::chrono::steady_clock;
  // Most waits are short: to sleep through them would cost more than they do.
  constexpr std::chrono::microseconds kAwake{200}, kNap{50};
  const Waiting waiting(what, Awaited::device);
  const auto start = Clock::now();
  while (!is_done()) {
    if (Clock::now() - start < kAwake)
      std::this_thread::yield();
    else
      std::this_thread::sleep_for(kNap);
  }
}

Activity::Activity(std::string what) {
  Activities& all = activities();
  const std::lock_guard lock(all.mutex);
  number_ = all.next++;
  all.under_way.emplace(number_, std::move(what));
}

Activity::~Activity() {
  Activities& all = activities();
  const std::lock_guard lock(all.mutex);
  all.under_way.erase(number_);
}

std::string current_activity() {
  Activities& all = activities();
  const std::lock_guard lock(all.mutex);
  std::string text;
  for (const auto& [number, what] : all.under_way) text += (text.empty() ? "" : ", ") + what;
  return text;
}

}  // namespace foehn::core

#include "foehn/core/heartbeat.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

namespace foehn::core {

namespace {

std::atomic<std::int64_t> count = 0;

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

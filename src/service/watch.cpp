#include "watch.hpp"

#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::service {

namespace {

constexpr double kGraceSeconds = 2;

}  // namespace

std::optional<bool> is_lock_held(const Spool& spool, const std::string& service) {
  try {
    return spool.files().try_lock(spool.services() / service) == nullptr;
  } catch (const core::Error&) {
    return std::nullopt;
  }
}

Watch::Watch(const Spool& spool, double patience_seconds, std::string machine, Clock clock)
    : spool_(spool),
      patience_seconds_(patience_seconds),
      machine_(std::move(machine)),
      clock_(std::move(clock)) {}

Life Watch::when_gone(Seen& seen) const {
  if (!seen.gone_since) seen.gone_since = clock_();
  return clock_() - *seen.gone_since >= kGraceSeconds ? Life::dead : Life::unclear;
}

Life Watch::look(const std::string& service) {
  const bool is_new = !seen_.contains(service);
  Seen& seen = seen_[service];
  auto beat = read_beat(spool_, service);
  if (!beat) return when_gone(seen);
  if (is_new || beat != seen.beat) {
    seen.has_changed = !is_new && seen.beat;
    seen.beat = std::move(beat);
    seen.since = clock_();
  }
  const auto said = parse_beat(*seen.beat);
  seen.has_lock = false;
  if (said && said->machine == machine_) {
    const std::optional<bool> is_locked = is_lock_held(spool_, service);
    if (is_locked && !*is_locked) return when_gone(seen);
    if (is_locked) {
      seen.has_lock = true;
      seen.gone_since.reset();
      return Life::alive;
    }
  }
  seen.gone_since.reset();
  if (clock_() - seen.since >= patience_seconds_) return Life::dead;
  return seen.has_changed ? Life::alive : Life::unclear;
}

bool Watch::has_lost_one() {
  for (auto& [service, seen] : seen_) {
    if (!seen.has_lock || is_lock_held(spool_, service).value_or(false)) continue;
    seen.has_lock = false;
    return true;
  }
  return false;
}

}  // namespace foehn::service

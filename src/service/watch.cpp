#include "watch.hpp"

#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::service {

namespace {

constexpr double kGraceSeconds = 2;

}  // namespace

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
  if (said && said->machine == machine_) {
    try {
      if (spool_.files().try_lock(spool_.services() / service)) return when_gone(seen);
      seen.gone_since.reset();
      return Life::alive;
    } catch (const core::Error&) {
      // Its folder goes away, or belongs to another user: the beat tells.
    }
  }
  seen.gone_since.reset();
  if (clock_() - seen.since >= patience_seconds_) return Life::dead;
  return seen.has_changed ? Life::alive : Life::unclear;
}

}  // namespace foehn::service

#pragma once

#include <map>
#include <optional>
#include <string>

#include "foehn/service/presence.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::service {

enum class Life { alive, unclear, dead };

/// Is the lock of a service of this machine held, so that it lives? Nothing where its folder goes away, or
/// belongs to another user.
std::optional<bool> is_lock_held(const Spool& spool, const std::string& service);

/// Finds out which services of a spool are dead, by looking again and again.
///
/// A service of this machine is dead if its lock is free. One of another machine, whose locks may not be seen
/// here, is dead if its beat has stood still for long on this watch's own clock. No other clock is looked at.
class Watch {
 public:
  /// @param patience_seconds  after which a beat that stands still is that of a dead service
  /// @param machine           that it looks from
  Watch(const Spool& spool, double patience_seconds, std::string machine, Clock clock);

  Life look(const std::string& service);
  /// Has a service of this machine that lived when it was last looked at died since? Costs one lock each, and
  /// neither lists nor reads anything.
  bool has_lost_one();

 private:
  struct Seen {
    std::optional<std::string> beat;
    double since = 0;                  ///< when the beat was first seen as it is
    bool has_changed = false;          ///< it was seen to rise
    bool has_lock = false;             ///< a process of this machine was seen to hold it
    std::optional<double> gone_since;  ///< lock free, or no beat at all
  };
  /// Ranks of a world whose root has died may live a little longer.
  Life when_gone(Seen& seen) const;

  const Spool& spool_;
  double patience_seconds_;
  std::string machine_;
  Clock clock_;
  std::map<std::string, Seen> seen_;
};

}  // namespace foehn::service

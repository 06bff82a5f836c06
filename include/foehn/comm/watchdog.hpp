#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace foehn::comm {

/// While it lives, a wait for other ranks that lasts too long ends this process with a message, and with it
/// the job: a rank that hangs or is gone makes others fail, not wait for ever. At most one at a time.
class Watchdog {
 public:
  /// @param seconds  that a wait may last; 0: for ever
  /// @param rank     in the world, for the message; rank 0 speaks first, so that one is heard
  Watchdog(double seconds, int rank);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void watch(double seconds, int rank);

  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Within its scope this rank's waits may last: others have long work of their own to do.
class Patience {
 public:
  Patience();
  ~Patience();
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;
};

/// Within its scope this rank waits for others; what a watchdog watches.
class Waiting {
 public:
  explicit Waiting(const char* what);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

}  // namespace foehn::comm

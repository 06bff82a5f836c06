#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

/// What one rank asks of all.
struct Request {
  std::function<bool()> is_made;  ///< on this rank; safe to call from another thread
  std::function<void()> make;     ///< called on every rank after any has made it, perhaps again and again
};

/// While it lives, a job that gets nowhere ends with a message, and a request of one rank becomes one of all.
///
/// A wait may be long and right: for the root, which writes files, or for a team that draws the last member.
/// What tells a hang is that nobody gets on. So a thread of each rank sums up all the time, over all ranks,
/// how often they have shown progress (`show_progress`, and every wait that begins or ends). It ends its
/// process, and with it the job, when for too long
///  - a rank has not taken part in the sum: it is stopped, or its machine is gone; or
///  - the sum has stood still while this rank waits.
/// A heartbeat of the threads alone would not do: a thread lives on beside work that hangs. Nor would a limit
/// on waits: none fits both a broken network and a year's files.
///
/// Time in which this process itself is suspended does not count. A job of one rank waits for nobody and is
/// not watched. Needs MPI_THREAD_MULTIPLE; without, a warning says that nothing is watched, and requests stay
/// where they are made.
class Watchdog {
 public:
  /// @param request  passed on to all ranks within a second or so; its functions outlive the watchdog
  /// @note Collective over the world. At most one at a time.
  Watchdog(const Communicator& world, double seconds, Request request = {});
  /// @note Collective over the world: waits until all ranks are there.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// How long the job may make no progress; 0: indefinitely.
  void set_timeout(double seconds) { timeout_seconds_ = seconds; }

 private:
  void watch();
  [[noreturn]] void bark(double seconds, const char* waiting_for_what) const;

  Communicator world_;  // the thread's own
  Request request_;
  std::atomic<double> timeout_seconds_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Long work says that it gets on: after every piece of it that takes far less than the timeout. From any
/// thread.
void show_progress();

/// Within its scope this rank counts as getting on: for work that cannot show its progress.
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

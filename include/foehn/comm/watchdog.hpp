#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "foehn/comm/communicator.hpp"

namespace foehn::comm {

/// What one rank asks of all.
struct Request {
  std::function<bool()> is_made;  ///< on this rank; safe to call from another thread
  std::function<void()> make;     ///< called on every rank after any has made it, perhaps repeatedly
};

/// While it lives, a job that makes no progress ends with a message, and a request of one rank becomes one of
/// all.
///
/// A wait may be long and legitimate: for the root, which writes files, or for a team that draws the last
/// member. What tells a hang is that no rank makes progress. So a thread of each rank sums up all the time,
/// over all ranks, how often they have shown progress (core::beat, and every wait that begins or ends). The
/// job ends when for too long
///  - a rank has not taken part in the sum: it is stopped, or its machine is gone; or
///  - the sum has stood still while any rank waits (core::Waiting), for other ranks or for its device.
/// A heartbeat of the threads alone would not do: a thread lives on while work hangs. Nor would a limit on
/// waits: no single one fits both a broken network and the writing of a year's files.
///
/// Every rank then tells the root where it is (the operation that it waits in, and core::Activity), and the
/// root prints this, names the ranks that lag behind and ends the job. Where the root itself does not
/// answer, each of the others says so.
///
/// Time in which this process itself is suspended does not count. A job of one rank can only wait for its
/// device. Needs MPI_THREAD_MULTIPLE; without, a warning says that nothing is watched, and requests stay
/// where they are made.
class Watchdog {
 public:
  /// @param request  passed on to all ranks within a second or so; its functions outlive the watchdog
  /// @note Collective over the world. At most one at a time.
  Watchdog(const Communicator& world, double timeout_seconds, Request request = {});
  /// @note Collective over the world: waits until all ranks are there.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// How long the job may make no progress; 0: indefinitely.
  void set_timeout(double seconds) { timeout_seconds_ = seconds; }

 private:
  void watch();
  /// Tells where each rank is, and ends the process, and with it the job.
  [[noreturn]] void give_up(double seconds) const;
  [[noreturn]] void report_all(double seconds) const;
  [[noreturn]] void report_to_root(double seconds) const;

  Communicator world_;  // the thread's own
  Request request_;
  std::atomic<double> timeout_seconds_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  std::thread thread_;
};

/// Where a rank is when the job makes no progress.
struct Whereabouts {
  int rank = 0;
  bool has_answered = false;
  bool is_waiting = false;  ///< for other ranks; not for its device
  std::string text;         ///< "waiting to sum: member 3, step 12 of 16"
};

/// The message that a job ends with: which ranks lag behind, and where each one is, with one line for all
/// ranks at the same place.
std::string describe_hang(double seconds, const std::vector<Whereabouts>& ranks);

}  // namespace foehn::comm

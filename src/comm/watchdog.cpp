#include "foehn/comm/watchdog.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace foehn::comm {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGlance{100};

// Only the main thread waits for ranks, and only one thread watches it.
std::atomic<Clock::rep> waiting_since = 0;  // 0: it does not
std::atomic<const char*> waiting_for = "";
std::atomic<int> patience = 0;

}  // namespace

Watchdog::Watchdog(double seconds, int rank) {
  if (seconds > 0) thread_ = std::thread([=, this] { watch(seconds, rank); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::watch(double seconds, int rank) {
  // The others wait a little longer, one after another: whoever speaks first ends the job for all, alone.
  // mpirun takes a second or two to do so.
  const double limit = seconds + (rank == 0 ? 0 : rank == 1 ? 1 : 4);
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, kGlance, [&] { return is_ending_; })) {
    const Clock::rep since = waiting_since;
    if (since == 0 || patience > 0) continue;
    const double waited =
        std::chrono::duration<double>(Clock::now() - Clock::time_point(Clock::duration(since))).count();
    if (waited < limit) continue;
    const std::string message = fmt::format(
        "foehn: error: rank {}: waited {:.0f} s for other ranks ({}): one of them hangs or is gone, or "
        "run.timeout is "
        "too short\n",
        rank, waited, waiting_for.load());
    std::fputs(message.c_str(), stderr);
    std::fflush(stderr);
    // Not MPI_Abort: only the main thread may speak MPI, and it is the one that hangs. The launcher ends the
    // others.
    std::_Exit(1);
  }
}

Patience::Patience() {
  ++patience;
}
Patience::~Patience() {
  --patience;
}

Waiting::Waiting(const char* what) {
  waiting_for = what;
  waiting_since = Clock::now().time_since_epoch().count();
}
Waiting::~Waiting() {
  waiting_since = 0;
}

}  // namespace foehn::comm

#include "foehn/comm/watchdog.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace foehn::comm {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGlance{100};
constexpr std::chrono::milliseconds kGlanceAtTheEnd{1};
// A glance that takes longer: this process was suspended.
constexpr double kLongestGlance = 1;

// Only the main thread waits for ranks, and only one watchdog watches it.
std::atomic<const char*> waiting_for = nullptr;  // null: it does not
std::atomic<std::int64_t> progress = 0;
std::atomic<int> patience = 0;

/// What ranks tell each other, added up over all of them.
enum Tidings : std::size_t { kProgress, kPatience, kRequests, kEnding, kTidings };

}  // namespace

Watchdog::Watchdog(const Communicator& world, double seconds, Request request)
    : world_(world.split(0)), request_(std::move(request)), timeout_seconds_(seconds) {
  if (world_.size() == 1) return;
  int threads = MPI_THREAD_SINGLE;
  MPI_Query_thread(&threads);
  if (threads == MPI_THREAD_MULTIPLE)
    thread_ = std::thread([this] { watch(); });
  else if (world_.is_root())
    spdlog::warn(
        "this MPI does not let several threads speak: ranks that hang will not be noticed (run.timeout)");
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  const Waiting waiting("to end");
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void Watchdog::watch() {
  std::array<std::int64_t, kTidings> mine{}, all{};
  MPI_Request round = MPI_REQUEST_NULL;
  std::int64_t known_progress = -1;
  double unanswered = 0, standing = 0;  // seconds: of this round; without progress
  Clock::time_point last = Clock::now();
  while (true) {
    bool is_ending = false;
    {
      std::unique_lock lock(mutex_);
      ending_.wait_for(lock, is_ending_ ? kGlanceAtTheEnd : kGlance);
      is_ending = is_ending_;
    }
    const Clock::time_point now = Clock::now();
    const double passed = std::min(std::chrono::duration<double>(now - last).count(), kLongestGlance);
    last = now;
    unanswered += passed;
    standing += passed;

    if (round == MPI_REQUEST_NULL) {
      mine[kProgress] = progress;
      mine[kPatience] = patience;
      mine[kRequests] = request_.is_made && request_.is_made() ? 1 : 0;
      mine[kEnding] = is_ending ? 1 : 0;
      unanswered = 0;
      MPI_Iallreduce(mine.data(), all.data(), kTidings, MPI_INT64_T, MPI_SUM, world_.handle(), &round);
    }
    int is_complete = 0;
    MPI_Test(&round, &is_complete, MPI_STATUS_IGNORE);
    if (is_complete != 0) {
      unanswered = 0;
      if (all[kProgress] != known_progress || all[kPatience] > 0) standing = 0;
      known_progress = all[kProgress];
      if (all[kRequests] > 0) request_.make();
      if (all[kEnding] == world_.size()) return;
    }

    // The others wait a little longer, one after another: whoever speaks first ends the job for all, alone.
    // mpirun takes a second or two to do so.
    const int rank = world_.rank();
    const double timeout = timeout_seconds_;
    const double limit = timeout + (rank == 0 ? 0 : rank == 1 ? 3 : 6);
    if (timeout == 0) continue;
    const char* waiting = waiting_for;
    if (unanswered >= limit) bark(unanswered, "for a sign of life");
    if (standing >= limit && waiting != nullptr) bark(standing, waiting);
  }
}

void Watchdog::bark(double seconds, const char* waiting_for_what) const {
  const std::string message = fmt::format(
      "foehn: error: rank {}: waited {:.0f} s for other ranks ({}): one of them hangs or is gone, or "
      "run.timeout is too short\n",
      world_.rank(), seconds, waiting_for_what);
  std::fputs(message.c_str(), stderr);
  std::fflush(stderr);
  // Not MPI_Abort, which may itself wait for who is gone. The launcher ends the others.
  std::_Exit(1);
}

void show_progress() {
  ++progress;
}

Patience::Patience() {
  ++patience;
}
Patience::~Patience() {
  --patience;
}

Waiting::Waiting(const char* what) {
  show_progress();
  waiting_for = what;
}
Waiting::~Waiting() {
  waiting_for = nullptr;
  show_progress();
}

}  // namespace foehn::comm

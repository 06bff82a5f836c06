#include "foehn/comm/watchdog.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "foehn/core/heartbeat.hpp"

namespace foehn::comm {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kGlance{100};
constexpr std::chrono::milliseconds kGlanceAtTheEnd{1};
// A glance that takes longer: this process was suspended.
constexpr double kLongestGlance = 1;
// How long the root waits for what the others report, and they for the root to end the job.
constexpr std::chrono::seconds kReportsArrive{2};
constexpr std::chrono::seconds kRootIsGone{4};
constexpr int kReportTag = 29;
constexpr std::size_t kReportBytes = 512;

/// What ranks tell each other, added up over all of them.
enum Signs : std::size_t { kProgress, kWaiting, kRequests, kEnding, kSigns };

/// A report as it travels: whether the rank waits, and where it is.
using Report = std::array<char, kReportBytes>;

Whereabouts here(int rank) {
  const core::Wait wait = core::current_wait();
  const bool waits = wait.what != nullptr;
  const std::string activity = core::current_activity();
  return {.rank = rank,
          .has_answered = true,
          .is_waiting = waits && wait.awaited == core::Awaited::ranks,
          .text = fmt::format("{}{}{}", waits ? "waiting " : "working", waits ? wait.what : "",
                              activity.empty() ? "" : ": " + activity)};
}

Report pack(const Whereabouts& where) {
  Report report{};
  report[0] = where.is_waiting ? 'w' : '-';
  where.text.copy(report.data() + 1, kReportBytes - 2);
  return report;
}

Whereabouts unpack(int rank, const Report& report) {
  return {.rank = rank, .has_answered = true, .is_waiting = report[0] == 'w', .text = report.data() + 1};
}

/// "rank 3", "ranks 0, 2"
std::string named(const std::vector<int>& ranks) {
  return fmt::format("rank{} {}", ranks.size() == 1 ? "" : "s", fmt::join(ranks, ", "));
}

[[noreturn]] void end_process(const std::string& message) {
  std::fputs(message.c_str(), stderr);
  std::fflush(stderr);
  // Not MPI_Abort, which may itself wait for who is gone. The launcher ends the others.
  std::_Exit(1);
}

}  // namespace

std::string describe_hang(double seconds, const std::vector<Whereabouts>& ranks) {
  std::vector<int> silent, working;
  std::map<std::string, std::vector<int>> groups;
  for (const Whereabouts& where : ranks) {
    if (!where.has_answered)
      silent.push_back(where.rank);
    else if (!where.is_waiting)
      working.push_back(where.rank);
    groups[where.has_answered ? where.text : "no answer: stopped, or its machine is gone"].push_back(
        where.rank);
  }
  // Where a rank does not answer, ranks that work (another team, say) are not what holds the job up.
  const std::vector<int>& laggards = silent.empty() ? working : silent;
  const std::string cause = laggards.empty()                  ? "all ranks wait for one another"
                            : laggards.size() == ranks.size() ? "held up: " + named(laggards)
                                                              : "the others wait for " + named(laggards);
  std::string message =
      fmt::format("foehn: error: no progress for {:.0f} s (run.timeout): {}\n", seconds, cause);
  for (const auto& [text, members] : groups) message += fmt::format("  {}: {}\n", named(members), text);
  return message;
}

Watchdog::Watchdog(const Communicator& world, double timeout_seconds, Request request)
    : world_(world.split(0)), request_(std::move(request)), timeout_seconds_(timeout_seconds) {
  int threads = MPI_THREAD_SINGLE;
  MPI_Query_thread(&threads);
  if (threads == MPI_THREAD_MULTIPLE)
    thread_ = std::thread([this] { watch(); });
  else if (world_.is_root())
    spdlog::warn(
        "this MPI does not let several threads communicate: ranks that hang will not be noticed "
        "(run.timeout)");
}

Watchdog::~Watchdog() {
  if (!thread_.joinable()) return;
  const core::Waiting waiting("to end");
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  thread_.join();
}

void Watchdog::watch() {
  std::array<std::int64_t, kSigns> mine{}, all{};
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
      mine[kProgress] = core::heartbeats();
      mine[kWaiting] = core::current_wait().what != nullptr ? 1 : 0;
      mine[kRequests] = request_.is_made && request_.is_made() ? 1 : 0;
      mine[kEnding] = is_ending ? 1 : 0;
      unanswered = 0;
      MPI_Iallreduce(mine.data(), all.data(), kSigns, MPI_INT64_T, MPI_SUM, world_.handle(), &round);
    }
    int is_complete = 0;
    MPI_Test(&round, &is_complete, MPI_STATUS_IGNORE);
    if (is_complete != 0) {
      unanswered = 0;
      if (all[kProgress] != known_progress) standing = 0;
      known_progress = all[kProgress];
      if (all[kRequests] > 0) request_.make();
      if (all[kEnding] == world_.size()) return;
    }

    const double timeout = timeout_seconds_;
    if (timeout == 0) continue;
    if (unanswered >= timeout) give_up(unanswered);
    if (standing >= timeout && all[kWaiting] > 0) give_up(standing);
  }
}

void Watchdog::give_up(double seconds) const {
  if (world_.is_root()) report_all(seconds);
  report_to_root(seconds);
}

void Watchdog::report_all(double seconds) const {
  const auto size = static_cast<std::size_t>(world_.size());
  std::vector<Report> reports(size);
  std::vector<MPI_Request> requests(size, MPI_REQUEST_NULL);
  std::vector<Whereabouts> ranks(size);
  ranks[0] = here(0);
  for (std::size_t rank = 1; rank < size; ++rank) {
    ranks[rank].rank = static_cast<int>(rank);
    MPI_Irecv(reports[rank].data(), static_cast<int>(kReportBytes), MPI_CHAR, static_cast<int>(rank),
              kReportTag, world_.handle(), &requests[rank]);
  }
  const auto end = Clock::now() + kReportsArrive;
  const auto is_missing = [](const Whereabouts& where) { return !where.has_answered; };
  while (Clock::now() < end && std::any_of(ranks.begin(), ranks.end(), is_missing)) {
    for (std::size_t rank = 1; rank < size; ++rank) {
      if (ranks[rank].has_answered) continue;
      int is_complete = 0;
      MPI_Test(&requests[rank], &is_complete, MPI_STATUS_IGNORE);
      if (is_complete != 0) ranks[rank] = unpack(static_cast<int>(rank), reports[rank]);
    }
    std::this_thread::sleep_for(kGlanceAtTheEnd);
  }
  end_process(describe_hang(seconds, ranks));
}

void Watchdog::report_to_root(double seconds) const {
  const Whereabouts where = here(world_.rank());
  const Report report = pack(where);
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Isend(report.data(), static_cast<int>(kReportBytes), MPI_CHAR, 0, kReportTag, world_.handle(),
            &request);
  const auto end = Clock::now() + kRootIsGone;
  while (Clock::now() < end) {
    int is_complete = 0;
    MPI_Test(&request, &is_complete, MPI_STATUS_IGNORE);  // which moves the message on
    std::this_thread::sleep_for(kGlance);
  }
  // All others say so before the first of them ends the job for all.
  const std::string message = fmt::format(
      "foehn: error: no progress for {:.0f} s (run.timeout), and the root, rank 0, does not answer; rank {} "
      "is {}\n",
      seconds, where.rank, where.text);
  std::fputs(message.c_str(), stderr);
  std::fflush(stderr);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  std::_Exit(1);
}

}  // namespace foehn::comm

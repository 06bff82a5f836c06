#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace foehn::process {

/// Says whether work has been asked to save itself and stop. Passed to whatever can stop; copies speak of the
/// same request.
class StopToken {
 public:
  /// For work that nobody stops.
  StopToken() = default;
  /// Safe from any thread.
  bool is_requested() const noexcept {
    return (flag_ != nullptr && flag_->load()) ||
           (deadline_ && std::chrono::steady_clock::now() >= *deadline_);
  }
  /// The same, which is also requested from a time on.
  StopToken with_deadline(std::chrono::steady_clock::time_point deadline) const {
    StopToken token = *this;
    token.deadline_ = deadline;
    return token;
  }

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<const std::atomic<bool>> flag) : flag_(std::move(flag)) {}
  std::shared_ptr<const std::atomic<bool>> flag_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

/// Asks work to stop: a job has one of its own, so that one job of a process can be stopped and not the next.
class StopSource {
 public:
  StopSource() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  StopToken token() const { return StopToken(flag_); }
  /// Safe from any thread and from a signal's handler; cannot be taken back.
  void request() const noexcept { flag_->store(true); }

 private:
  static_assert(std::atomic<bool>::is_always_lock_free, "a signal's handler sets it");
  std::shared_ptr<std::atomic<bool>> flag_;
};

/// From now on, until the process has ended, SIGTERM, SIGINT and SIGUSR1 request a stop, and do nothing else:
/// first thing in main, since before it a signal ends the process.
void listen_for_stop_signals(const StopSource& source);

/// Lets the signals end the process again, at once if a stop has been requested: for work that cannot save
/// itself.
void stop_listening();

}  // namespace foehn::process

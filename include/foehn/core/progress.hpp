#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace foehn::core {

/// How far some work has come.
struct WorkDone {
  std::string what;  ///< "sampling"
  std::string unit;  ///< "steps"
  std::int64_t done = 0, total = 0;
  std::optional<double> seconds_left;  ///< absent until the pace is known
};

/// Shows how far long work has come and the time left: one line that is redrawn on a terminal, a plain line
/// every tenth of the work (and at most every few seconds) in a log. Writes to standard error.
class Progress {
 public:
  /// @param what     what is being done, such as "sampling"
  /// @param total    how many `unit`s there are
  /// @param unit     plural name of what is counted, such as "steps"
  /// @param visible  false on ranks that must stay silent
  Progress(std::string what, std::int64_t total, std::string unit, bool visible);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Counts `amount` more as done and redraws where due; a sign of progress for a watchdog (core::beat).
  void advance(std::int64_t amount = 1);
  /// Counts `amount` more as done before, by an earlier run: pace and time left are those of this one's work.
  void advance_without_work(std::int64_t amount);

  WorkDone work_done() const;

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string what_;
  std::int64_t total_;
  std::string unit_;
  bool visible_;
  bool terminal_;
  std::int64_t done_ = 0, done_before_ = 0;
  std::int64_t drawn_tenth_ = 0;
  Clock::time_point start_;
  Clock::time_point last_draw_;
};

/// How far the visible Progress that began last has come; nothing without one. Safe from any thread.
std::optional<WorkDone> current_progress();

/// "2 h 05 min", "3 min 12 s", "8 s".
std::string format_duration(double seconds);

}  // namespace foehn::core

#include "foehn/core/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <utility>
#include <vector>

#include "foehn/core/heartbeat.hpp"

namespace foehn::core {

namespace {

constexpr std::chrono::milliseconds kRedrawInterval{100};  // on a terminal
constexpr std::chrono::seconds kLineInterval{2};           // in a log
constexpr int kBarWidth = 30;
constexpr const char* kEraseLine = "\r\033[K";

std::string format_rate(double per_second) {
  return per_second < 100 ? fmt::format("{:.3g}", per_second) : fmt::format("{:.0f}", per_second);
}

/// Every visible Progress, in order of their beginnings; the mutex guards their counts as well.
struct UnderWay {
  std::mutex mutex;
  std::vector<const Progress*> all;
};

UnderWay& under_way() {
  static auto* const kept = new UnderWay;  // never freed: a thread may look until the process has ended
  return *kept;
}

}  // namespace

Progress::Progress(std::string what, std::int64_t total, std::string unit, bool visible)
    : what_(std::move(what)),
      total_(total),
      unit_(std::move(unit)),
      visible_(visible && total > 0),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_draw_(start_ - kLineInterval) {
  if (visible_) {
    const std::lock_guard lock(under_way().mutex);
    under_way().all.push_back(this);
  }
  if (visible_ && terminal_) draw(start_);
}

Progress::~Progress() {
  {
    const std::lock_guard lock(under_way().mutex);
    std::erase(under_way().all, this);
  }
  // Work that stopped early leaves its line standing; what comes next starts on a fresh one.
  if (visible_ && terminal_ && done_ < total_) std::fputs("\n", stderr);
}

void Progress::advance(std::int64_t amount) {
  beat();
  if (!visible_ || done_ == total_) return;
  {
    const std::lock_guard lock(under_way().mutex);
    done_ = std::min(done_ + amount, total_);
  }
  const auto now = Clock::now();
  const std::int64_t tenth = 10 * done_ / total_;
  const bool is_due = terminal_ ? now - last_draw_ >= kRedrawInterval
                                : tenth > drawn_tenth_ && now - last_draw_ >= kLineInterval;
  if (is_due || done_ == total_) draw(now);
}

void Progress::advance_without_work(std::int64_t amount) {
  {
    const std::lock_guard lock(under_way().mutex);
    done_before_ += amount;
  }
  if (done_before_ == total_) visible_ = false;
  advance(amount);
}

void Progress::draw(Clock::time_point now) {
  last_draw_ = now;
  drawn_tenth_ = 10 * done_ / total_;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const auto worked = static_cast<double>(done_ - done_before_);
  const std::string rate = elapsed > 0 ? fmt::format("{} {}/s", format_rate(worked / elapsed), unit_) : "";

  std::string line;
  if (done_ == total_) {
    line = fmt::format("{}: {} {} in {} ({})", what_, total_ - done_before_, unit_, format_duration(elapsed),
                       rate);
  } else {
    const double fraction = static_cast<double>(done_) / static_cast<double>(total_);
    const std::string state =
        fmt::format("{:3.0f} %, {} of {} {}", std::floor(100 * fraction), done_, total_, unit_);
    const int filled = static_cast<int>(fraction * kBarWidth);
    line = terminal_ ? fmt::format("{} [{:<{}}] {}", what_, std::string(filled, '#'), kBarWidth, state)
                     : fmt::format("{}: {}", what_, state);
    if (worked > 0) {
      const auto left = static_cast<double>(total_ - done_);
      line += fmt::format(", {}, {} left", rate, format_duration(elapsed * left / worked));
    }
  }
  const char* line_end = !terminal_ || done_ == total_ ? "\n" : "";
  // One write per line, so that lines of several processes do not mix.
  const std::string text = (terminal_ ? kEraseLine : "") + line + line_end;
  std::fputs(text.c_str(), stderr);
}

WorkDone Progress::work_done() const {
  WorkDone work{.what = what_, .unit = unit_, .done = done_, .total = total_, .seconds_left = {}};
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const std::int64_t worked = done_ - done_before_;
  if (worked > 0)
    work.seconds_left = elapsed * static_cast<double>(total_ - done_) / static_cast<double>(worked);
  return work;
}

std::optional<WorkDone> current_progress() {
  const std::lock_guard lock(under_way().mutex);
  if (under_way().all.empty()) return {};
  return under_way().all.back()->work_done();
}

std::string format_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  const std::int64_t minutes = std::llround(seconds / 60);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

}  // namespace foehn::core

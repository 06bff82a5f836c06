#include "foehn/core/progress.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>

namespace foehn::core::progress_test {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

std::string in_a_log(const std::function<void()>& work) {
  ::testing::internal::CaptureStderr();
  work();
  return ::testing::internal::GetCapturedStderr();
}

/// What `work` writes to standard error where that is a (pseudo-)terminal; "" where the system has none to
/// give.
std::string on_a_terminal(const std::function<void()>& work) {
  const int screen = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  if (screen < 0 || grantpt(screen) != 0 || unlockpt(screen) != 0) return "";
  const int terminal = open(ptsname(screen), O_RDWR | O_NOCTTY);
  if (terminal < 0) return "";
  const int saved = dup(STDERR_FILENO);
  dup2(terminal, STDERR_FILENO);
  work();
  dup2(saved, STDERR_FILENO);
  std::string shown;
  char block[4096];
  for (ssize_t count; (count = read(screen, block, sizeof block)) > 0;) shown.append(block, count);
  for (const int descriptor : {saved, terminal, screen}) close(descriptor);
  return shown;
}

TEST(ProgressInALog, EndsWithTheTotalTime) {
  const std::string log = in_a_log([] {
    Progress progress("sampling", 3, "steps", true);
    progress.advance(3);
  });
  EXPECT_THAT(log, MatchesRegex("sampling: 3 steps in [0-9]+ s \\([0-9.e+]+ steps/s\\)\n"));
}

TEST(ProgressInALog, WritesNoMoreThanALineATenthAndOneEveryFewSeconds) {
  const std::string log = in_a_log([] {
    Progress progress("sampling", 100, "steps", true);
    for (int step = 0; step < 59; ++step) progress.advance();
    std::this_thread::sleep_for(std::chrono::milliseconds(2050));
    progress.advance();
    progress.advance(9);
  });
  EXPECT_THAT(log, MatchesRegex("sampling:  10 %, 10 of 100 steps, [0-9.e+]+ steps/s, [0-9]+ s left\n"
                                "sampling:  60 %, 60 of 100 steps, [0-9.]+ steps/s, [0-9]+ s left\n"));
}

TEST(ProgressInALog, IsSilentWhereNotVisible) {
  EXPECT_EQ(in_a_log([] {
              Progress progress("sampling", 2, "steps", false);
              progress.advance(2);
            }),
            "");
}

TEST(ProgressInALog, SaysNothingOfNoWork) {
  EXPECT_EQ(in_a_log([] { Progress progress("sampling", 0, "steps", true); }), "");
}

TEST(ProgressInALog, FinishesOnce) {
  EXPECT_THAT(in_a_log([] {
                Progress progress("reading", 2, "files", true);
                progress.advance(5);
                progress.advance();
              }),
              MatchesRegex("reading: 2 files in [0-9]+ s [^\n]*\n"));
}

TEST(ProgressInALog, TellsThePaceOfThisRunsWorkAlone) {
  const std::string log = in_a_log([] {
    Progress progress("sampling", 1000, "steps", true);
    progress.advance_without_work(900);
    std::this_thread::sleep_for(std::chrono::milliseconds(2050));
    progress.advance(20);
    progress.advance(80);
  });
  EXPECT_THAT(log, MatchesRegex("sampling:  90 %, 900 of 1000 steps\n"
                                "sampling: 100 steps in 2 s \\([0-9.]+ steps/s\\)\n"));
}

TEST(ProgressInALog, SaysNothingOfWorkThatWasAllDoneBefore) {
  EXPECT_EQ(in_a_log([] {
              Progress progress("training", 10, "steps", true);
              progress.advance_without_work(10);
            }),
            "");
}

TEST(ProgressOnATerminal, RedrawsOneLine) {
  const std::string shown = on_a_terminal([] {
    Progress progress("sampling", 4, "steps", true);
    std::this_thread::sleep_for(std::chrono::milliseconds(110));
    progress.advance(2);
    progress.advance(2);
  });
  if (shown.empty()) GTEST_SKIP() << "skipped: no pseudo-terminal";
  const std::string half(15, '#');
  EXPECT_THAT(shown,
              HasSubstr("\r\033[Ksampling [" + std::string(30, ' ') + "]   0 %, 0 of 4 steps\r\033[K"));
  EXPECT_THAT(shown, HasSubstr("sampling [" + half + std::string(15, ' ') + "]  50 %, 2 of 4 steps, "));
  EXPECT_THAT(shown, HasSubstr("s left\r\033[Ksampling: 4 steps in "));
  EXPECT_EQ(shown.find('\n'), shown.size() - 1) << "only the last line is ended";
}

TEST(ProgressOnATerminal, RedrawsNoOftenerThanAnEyeFollows) {
  const std::string shown = on_a_terminal([] {
    Progress progress("sampling", 10000, "steps", true);
    for (int step = 0; step < 10000; ++step) progress.advance();
  });
  if (shown.empty()) GTEST_SKIP() << "skipped: no pseudo-terminal";
  EXPECT_LT(std::count(shown.begin(), shown.end(), '\r'), 100);
}

TEST(ProgressOnATerminal, LeavesAFreshLineWhenWorkStopsEarly) {
  const std::string shown = on_a_terminal([] {
    Progress progress("sampling", 4, "steps", true);
    progress.advance(1);
  });
  if (shown.empty()) GTEST_SKIP() << "skipped: no pseudo-terminal";
  EXPECT_EQ(shown.back(), '\n');
}

TEST(FormatDuration, UsesTheTwoLargestUnits) {
  EXPECT_EQ(format_duration(0), "0 s");
  EXPECT_EQ(format_duration(8.4), "8 s");
  EXPECT_EQ(format_duration(59.7), "1 min 00 s");
  EXPECT_EQ(format_duration(192), "3 min 12 s");
  EXPECT_EQ(format_duration(3599.8), "1 h 00 min");
  EXPECT_EQ(format_duration(7500), "2 h 05 min");
  EXPECT_EQ(format_duration(7200 - 20), "2 h 00 min");
  EXPECT_EQ(format_duration(100 * 3600), "100 h 00 min");
}

TEST(CurrentProgress, IsThatOfTheVisibleWorkThatBeganLast) {
  EXPECT_FALSE(current_progress());
  in_a_log([] {
    Progress outer("sampling", 10, "steps", true);
    outer.advance_without_work(2);
    EXPECT_FALSE(current_progress()->seconds_left);
    {
      Progress inner("writing", 4, "chunks", true);
      inner.advance(3);
      EXPECT_EQ(current_progress()->what, "writing");
      EXPECT_EQ(current_progress()->done, 3);
      const Progress hidden("reading", 5, "files", false);
      EXPECT_EQ(current_progress()->what, "writing");
    }
    outer.advance();
    const WorkDone work = current_progress().value();
    EXPECT_EQ(work.what, "sampling");
    EXPECT_EQ(work.unit, "steps");
    EXPECT_EQ(work.done, 3);
    EXPECT_EQ(work.total, 10);
    EXPECT_TRUE(work.seconds_left.has_value());
  });
  EXPECT_FALSE(current_progress());
}

}  // namespace
}  // namespace foehn::core::progress_test

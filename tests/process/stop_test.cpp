#include "foehn/process/stop.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

namespace foehn::process::stop_test {
namespace {

TEST(StopToken, SpeaksOfItsOwnSourceAlone) {
  const StopSource one, other;
  const StopToken token = one.token(), copy = token;
  EXPECT_FALSE(token.is_requested());
  one.request();
  EXPECT_TRUE(token.is_requested());
  EXPECT_TRUE(copy.is_requested());
  EXPECT_TRUE(one.token().is_requested());
  EXPECT_FALSE(other.token().is_requested());
}

TEST(StopToken, OfNoSourceIsNeverRequested) {
  EXPECT_FALSE(StopToken().is_requested());
}

TEST(StopToken, IsRequestedFromItsDeadlineOn) {
  using Clock = std::chrono::steady_clock;
  const StopSource source;
  EXPECT_TRUE(source.token().with_deadline(Clock::now()).is_requested());
  const StopToken token = source.token().with_deadline(Clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(token.is_requested());
  source.request();
  EXPECT_TRUE(token.is_requested());
  EXPECT_TRUE(StopToken().with_deadline(Clock::now()).is_requested());
}

TEST(StopToken, OutlivesItsSource) {
  StopToken token;
  {
    const StopSource source;
    token = source.token();
    source.request();
  }
  EXPECT_TRUE(token.is_requested());
}

TEST(StopSignals, RequestAStopAndLeaveTheProcessAlive) {
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) {
    const StopSource source;
    listen_for_stop_signals(source);
    std::raise(signal);
    EXPECT_TRUE(source.token().is_requested()) << signal;
  }
}

TEST(StopSignalsDeathTest, EndTheProcessAgainWhereNothingListens) {
  const auto stop_after_request = [] {
    const StopSource source;
    listen_for_stop_signals(source);
    source.request();
    stop_listening();
  };
  EXPECT_EXIT(stop_after_request(), ::testing::KilledBySignal(SIGUSR1), "");
  const auto stop_after_signal = [] {
    listen_for_stop_signals(StopSource());
    std::raise(SIGTERM);
    stop_listening();
  };
  EXPECT_EXIT(stop_after_signal(), ::testing::KilledBySignal(SIGTERM), "");
  const auto signal_after_stop = [] {
    listen_for_stop_signals(StopSource());
    stop_listening();
    std::raise(SIGINT);
  };
  EXPECT_EXIT(signal_after_stop(), ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace foehn::process::stop_test

#include "foehn/core/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

namespace foehn::core::log_test {
namespace {

using ::testing::MatchesRegex;

class Log : public ::testing::Test {
 protected:
  static std::string speak(bool is_root) {
    set_up_log(is_root);
    ::testing::internal::CaptureStderr();
    spdlog::debug("a detail");
    spdlog::info("reading {}", "tas.nc");
    spdlog::warn("odd unit");
    spdlog::error("no such file");
    return ::testing::internal::GetCapturedStderr();
  }

  void TearDown() override { spdlog::set_default_logger(before_); }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(Log, GivesTheRootsMessagesATimeAndASeverity) {
  EXPECT_THAT(speak(true), MatchesRegex("[0-9:]+ reading tas.nc\n"
                                        "[0-9:]+ warning: odd unit\n"
                                        "[0-9:]+ error: no such file\n"));
}

TEST_F(Log, LetsOtherRanksSpeakOfErrorsOnly) {
  EXPECT_THAT(speak(false), MatchesRegex("[0-9:]+ error: no such file\n"));
}

TEST_F(Log, CanBeSetUpAgain) {
  set_up_log(false);
  EXPECT_THAT(speak(true), MatchesRegex("[0-9:]+ reading.*"));
}

}  // namespace
}  // namespace foehn::core::log_test

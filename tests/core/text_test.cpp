#include "foehn/core/text.hpp"

#include <gmock/gmock.h>

namespace foehn::core::text_test {
namespace {

using ::testing::ElementsAre;

TEST(Split, GivesWhatStandsBetweenSeparators) {
  EXPECT_THAT(split("tas, pr, uas", ", "), ElementsAre("tas", "pr", "uas"));
  EXPECT_THAT(split("log:0.1", ":"), ElementsAre("log", "0.1"));
  EXPECT_THAT(split(":a:", ":"), ElementsAre("", "a", ""));
  EXPECT_THAT(split("", ", "), ElementsAre(""));
}

}  // namespace
}  // namespace foehn::core::text_test

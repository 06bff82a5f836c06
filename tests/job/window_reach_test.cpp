#include "job/window_reach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foehn::job {
namespace {

using ::testing::HasSubstr;

TEST(ShortWindowWarning, SaysNothingWhereAWindowHoldsTwoObservations) {
  EXPECT_FALSE(short_window_warning(3, 6));
  EXPECT_FALSE(short_window_warning(6, 6));
  EXPECT_FALSE(short_window_warning(0, 0));
}

TEST(ShortWindowWarning, NamesBothSpansAndWhatWouldDo) {
  const std::optional<std::string> warning = short_window_warning(3, 7);
  ASSERT_TRUE(warning);
  EXPECT_THAT(*warning, HasSubstr("observations are 7 steps apart"));
  EXPECT_THAT(*warning, HasSubstr("windows span 6"));
  EXPECT_THAT(*warning, HasSubstr("spread more"));
  EXPECT_THAT(*warning, HasSubstr("prior.markov_order of at least 4"));
}

}  // namespace
}  // namespace foehn::job

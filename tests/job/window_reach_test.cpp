#include "job/window_reach.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foehn::job::window_reach_test {
namespace {

using ::testing::HasSubstr;

using Intervals = std::vector<observation::Interval>;

/// Of the given variables of three.
std::optional<std::string> warning(std::int64_t markov_order, const Intervals& intervals,
                                   const std::vector<std::int64_t>& observed = {0, 1, 2}) {
  const std::vector<io::Variable> variables{{"psl", "air_pressure_at_mean_sea_level", "Pa"},
                                            {"tas", "air_temperature", "K"},
                                            {"uas", "eastward_wind", "m s-1"}};
  return short_window_warning(
      markov_order, {.variables = observed, .block = 8, .period = 1, .intervals = intervals}, variables);
}

TEST(ShortWindowWarning, SaysNothingWhereAWindowContainsTwoObservations) {
  EXPECT_FALSE(warning(3, {{0, 1}, {6, 7}}));
  EXPECT_FALSE(warning(6, {{0, 1}, {6, 7}}));
}

TEST(ShortWindowWarning, SaysHowLongWindowsAreAndWhatWouldDo) {
  const std::optional<std::string> text = warning(3, {{0, 1}, {7, 8}, {14, 15}});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("windows span 7 steps, but observations are 7 steps apart"));
  EXPECT_THAT(*text, HasSubstr("prior.markov_order of at least 4"));
  EXPECT_FALSE(warning(4, {{0, 1}, {7, 8}, {14, 15}}));
}

TEST(ShortWindowWarning, SaysNothingOfOneObservation) {
  EXPECT_FALSE(warning(0, {{50, 51}}));
  EXPECT_FALSE(warning(0, {{0, 24}}));
}

TEST(ShortWindowWarning, SaysNothingOfMeansThatTouch) {
  EXPECT_FALSE(warning(3, {{0, 24}, {24, 48}}));
  EXPECT_FALSE(warning(0, {{0, 24}, {24, 48}}));
}

TEST(ShortWindowWarning, CountsFromTheLastStepOfAMean) {
  EXPECT_FALSE(warning(3, {{0, 6}, {11, 17}}));
  const std::optional<std::string> text = warning(3, {{0, 6}, {12, 18}});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("are 7 steps apart"));
}

TEST(ShortWindowWarning, NamesItsVariablesWhereOthersAreObservedOtherwise) {
  const std::optional<std::string> text = warning(3, {{0, 1}, {24, 25}}, {0, 2});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("observations of psl, uas are 24 steps apart"));
}

}  // namespace
}  // namespace foehn::job::window_reach_test

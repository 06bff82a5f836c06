#include "foehn/bias/daily_times.hpp"

#include <gtest/gtest.h>

namespace foehn::bias::daily_times_test {
namespace {

constexpr std::int64_t kHour = 3600;

calendar::TimeAxis axis(std::int64_t first_hour, std::int64_t step_hours, std::int64_t count = 10) {
  calendar::TimeAxis times;
  for (std::int64_t i = 0; i < count; ++i) times.seconds.push_back((first_hour + i * step_hours) * kHour);
  return times;
}

DailyTimes snapshots(std::int64_t first_hour, std::int64_t step_hours, std::int64_t count = 10) {
  return daily_times(axis(first_hour, step_hours, count), 0, 0);
}

/// Over `length` hours about each stamp, from `before` hours before it on.
DailyTimes means(std::int64_t first_hour, std::int64_t step_hours, std::int64_t length, std::int64_t before) {
  return daily_times(axis(first_hour, step_hours), -before * kHour, length * kHour);
}

TEST(DailyTimes, OfSnapshotsAreAlikeAtTheSameHoursOfTheDay) {
  EXPECT_TRUE(are_alike(snapshots(0, 6), snapshots(48 + 18, 6)));
  EXPECT_TRUE(are_alike(snapshots(0, 6), snapshots(-6, 6))) << "before 1970";
  EXPECT_TRUE(are_alike(snapshots(0, 6), snapshots(6, 30))) << "in another order";
  EXPECT_FALSE(are_alike(snapshots(0, 6), snapshots(3, 6)));
  EXPECT_FALSE(are_alike(snapshots(0, 6), snapshots(0, 3)));
  EXPECT_FALSE(are_alike(snapshots(0, 24), snapshots(12, 24)));
}

TEST(DailyTimes, OfOneSnapshotAreAmongThoseOfMany) {
  EXPECT_TRUE(are_alike(snapshots(0, 6), snapshots(18, 0, 1)));
  EXPECT_FALSE(are_alike(snapshots(0, 6), snapshots(17, 0, 1)));
  EXPECT_TRUE(are_alike(snapshots(6, 0, 1), snapshots(30, 0, 1)));
  EXPECT_FALSE(are_alike(snapshots(6, 0, 1), snapshots(12, 0, 1)));
}

TEST(DailyTimes, OfMeansAreWhatTheyAreOverWhateverTheirStamps) {
  EXPECT_TRUE(are_alike(means(0, 6, 6, 0), means(3, 6, 6, 3)));
  EXPECT_TRUE(are_alike(means(0, 6, 6, 0), means(6, 6, 6, 6)));
  EXPECT_FALSE(are_alike(means(0, 6, 6, 0), means(3, 6, 6, 0))) << "from 03:00 on";
  EXPECT_FALSE(are_alike(means(0, 6, 6, 0), means(0, 6, 3, 0)));
  EXPECT_FALSE(are_alike(means(0, 6, 6, 0), snapshots(0, 6)));
}

TEST(DailyTimes, OfDailyMeansAreAlikeWheneverTheDayBegins) {
  EXPECT_TRUE(are_alike(means(12, 24, 24, 12), means(12, 24, 24, 0)));
  EXPECT_FALSE(are_alike(means(12, 24, 24, 12), means(12, 24, 12, 6)));
}

TEST(DailyTimes, AreDescribed) {
  EXPECT_EQ(describe(snapshots(18, 6)), "snapshots every 6 h from 00:00 on");
  EXPECT_EQ(describe(means(6, 6, 6, 3)), "means over 6 h every 6 h from 03:00 on");
  EXPECT_EQ(describe(snapshots(17, 0, 1)), "snapshots at 17:00");
}

}  // namespace
}  // namespace foehn::bias::daily_times_test

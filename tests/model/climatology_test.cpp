#include "foehn/model/climatology.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace foehn::model::climatology_test {
namespace {

constexpr std::int64_t kHour = 3600, kDay = 86400;

TEST(HarmonicsFor, AreThoseTheRecordCanTellApart) {
  EXPECT_EQ(harmonics_for(kHour, 24 * kDay).size(), 5u);      // mean, two of the day
  EXPECT_EQ(harmonics_for(6 * kHour, 24 * kDay).size(), 3u);  // mean, one of the day
  EXPECT_EQ(harmonics_for(kDay, 24 * kDay).size(), 1u);       // the mean alone
  EXPECT_EQ(harmonics_for(kHour, 365 * kDay).size(), 9u);     // and two of the year
  EXPECT_EQ(harmonics_for(kHour, 25 * kHour).size(), 1u);     // a day says nothing of the daily cycle
  EXPECT_EQ(harmonics_for(7 * kHour, 24 * kDay).size(), 1u);  // hours of the day are never the same
}

TEST(Climatology, OfADiurnalCycleIsThatCycle) {
  const auto calendar = calendar::Calendar::standard;
  const auto truth = [](std::int64_t hour) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(hour) / 24;
    return at::tensor({280 + 3 * std::cos(angle) - 0.5 * std::sin(2 * angle), 10 + std::sin(angle)},
                      at::kDouble)
        .reshape({2, 1, 1});
  };
  ClimatologyEstimator estimator(harmonics_for(kHour, 10 * kDay), {2, 1, 1});
  for (std::int64_t hour = 0; hour < 240; ++hour) estimator.add(truth(hour), hour * kHour, calendar);
  const Climatology climatology = estimator.estimate();
  for (const std::int64_t hour : {0, 7, 1003, -5})
    EXPECT_TRUE(at::allclose(climatology.at(hour * kHour, calendar), truth(hour), 1e-9, 1e-9)) << hour;
}

TEST(Climatology, HasADailyCycleThatSeasonsDoNotChange) {
  at::manual_seed(9);
  const Climatology climatology(harmonics_for(kHour, 365 * kDay), at::randn({9, 2, 4, 6}, at::kDouble));
  ASSERT_TRUE(has_daily_cycle(climatology.harmonics()));
  const auto calendar = calendar::Calendar::standard;
  at::Tensor sum = at::zeros({2, 4, 6}, at::kDouble);
  for (std::int64_t hour = 0; hour < 24; ++hour) {
    const at::Tensor cycle = climatology.daily_cycle(hour * kHour, calendar);
    EXPECT_TRUE(
        at::allclose(cycle, climatology.daily_cycle(100 * kDay + hour * kHour, calendar), 1e-12, 1e-12));
    sum += cycle;
  }
  EXPECT_LT(sum.abs().max().item<double>(), 1e-12);
  // What is left of the climatology is the mean and the season, which hardly moves in a day.
  const at::Tensor rest = climatology.at(5 * kHour, calendar) - climatology.daily_cycle(5 * kHour, calendar);
  EXPECT_TRUE(at::allclose(rest, climatology.at(0, calendar) - climatology.daily_cycle(0, calendar), 0, 0.1));
  EXPECT_FALSE(has_daily_cycle(harmonics_for(kDay, 9 * kDay)));
}

TEST(Climatology, OfA360DayYearFollowsThatCalendar) {
  const auto calendar = calendar::Calendar::day_360;
  const std::int64_t start = calendar::to_seconds({2000, 1, 1}, calendar);
  const auto truth = [](std::int64_t day) {
    return 5 * std::cos(2 * std::numbers::pi * static_cast<double>(day) / 360);
  };
  ClimatologyEstimator estimator(harmonics_for(kDay, 720 * kDay), {1, 1, 1});
  for (std::int64_t day = 0; day < 720; ++day)
    estimator.add(at::full({1, 1, 1}, truth(day), at::kDouble), start + day * kDay, calendar);
  const Climatology climatology = estimator.estimate();
  EXPECT_NEAR(climatology.at(start + 1000 * kDay, calendar).item<double>(), truth(1000), 1e-9);
}

TEST(Climatology, OfBlockMeansIsTheBlockMeanOfTheClimatology) {
  at::manual_seed(9);
  const Climatology fine(harmonics_for(kHour, 5 * kDay), at::randn({5, 2, 4, 6}, at::kDouble));
  const auto calendar = calendar::Calendar::standard;
  const at::Tensor expected = fine.at(12345, calendar).reshape({2, 2, 2, 3, 2}).mean(at::IntArrayRef{2, 4});
  EXPECT_TRUE(at::allclose(fine.block_mean(2).at(12345, calendar), expected, 1e-12, 1e-12));
}

}  // namespace
}  // namespace foehn::model::climatology_test

#include <gmock/gmock.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/trajectory/slab_partition.hpp"
#include "foehn/trajectory/window_plan.hpp"

namespace foehn::trajectory::plan_test {
namespace {

TEST(SlabPartition, CoversEveryHourOnceInOrder) {
  for (const std::int64_t hours : {1, 7, 49, 168}) {
    for (const int ranks : {1, 2, 3, 4, 9}) {
      for (const std::int64_t period : {1, 6, 24}) {
        for (const std::int64_t first : {std::int64_t{0}, std::min<std::int64_t>(4, hours - 1)}) {
          const SlabPartition partition(hours, ranks, first, period);
          std::int64_t next = 0;
          for (int rank = 0; rank < ranks; ++rank) {
            const Slab slab = partition.slab(rank);
            EXPECT_EQ(slab.first, next);
            EXPECT_GE(slab.size(), 0);
            next = slab.last;
            for (std::int64_t hour = slab.first; hour < slab.last; ++hour)
              EXPECT_EQ(partition.owner(hour), rank);
            if (slab.first > 0 && slab.first < hours) {
              EXPECT_EQ((slab.first - first) % period, 0);
            }
          }
          EXPECT_EQ(next, hours);
        }
      }
    }
  }
}

TEST(SlabPartition, SharesEvenlyToAPeriod) {
  const SlabPartition partition(8736, 16, 0, 6);
  for (int rank = 0; rank < 16; ++rank) EXPECT_NEAR(static_cast<double>(partition.slab(rank).size()), 546, 6);
}

TEST(SlabPartition, LeavesRanksEmptyWhereThereAreFewerPeriods) {
  const SlabPartition partition(12, 4, 0, 6);
  const auto empty = [&] {
    int count = 0;
    for (int rank = 0; rank < 4; ++rank) count += partition.slab(rank).size() == 0 ? 1 : 0;
    return count;
  }();
  EXPECT_EQ(empty, 2);
}

TEST(SlabPartition, IsCutAtTheGivenBordersAlone) {
  const SlabPartition partition(24, 4, {5, 7, 13});
  const std::vector<Slab> expected{{0, 5}, {5, 13}, {13, 13}, {13, 24}};
  for (int rank = 0; rank < 4; ++rank) {
    EXPECT_EQ(partition.slab(rank).first, expected[static_cast<std::size_t>(rank)].first) << rank;
    EXPECT_EQ(partition.slab(rank).last, expected[static_cast<std::size_t>(rank)].last) << rank;
  }
  EXPECT_EQ(SlabPartition(24, 2, std::vector<std::int64_t>{}).slab(1).size(), 24);  // nowhere to cut
}

TEST(WindowPlan, AnAutomaticStrideLeavesHalfTheMarkovOrderOnEitherSide) {
  for (std::int64_t k = 0; k <= 12; ++k) {
    const std::int64_t stride = automatic_strides(k).clear, hours = 10 * (2 * k + 1);
    const WindowPlan plan(hours, k, stride);
    std::int64_t least = k;
    for (std::int64_t hour = 2 * k; hour < hours - 2 * k; ++hour)
      least = std::min({least, plan.offset(hour), 2 * k - plan.offset(hour)});
    EXPECT_EQ(least, (k + 1) / 2) << k;
  }
  EXPECT_EQ(automatic_strides(3).clear, 3);
  EXPECT_EQ(automatic_strides(6).clear, 7);
  EXPECT_EQ(automatic_strides(6).noisy, 1);
}

TEST(WindowPlan, WithStrideOneIsAlgorithmOne) {
  const WindowPlan plan(19, 2, 1);
  for (std::int64_t hour = 2; hour <= 16; ++hour) {
    EXPECT_EQ(plan.centre(hour), hour);
    EXPECT_EQ(plan.offset(hour), 2);
  }
  EXPECT_EQ(plan.centre(0), 2);
  EXPECT_EQ(plan.offset(1), 1);
  EXPECT_EQ(plan.centre(18), 16);
  EXPECT_EQ(plan.offset(18), 4);
}

TEST(WindowPlan, KeepsTheMiddleHoursOfEveryWindowAndStaysInside) {
  for (const std::int64_t stride : {1, 3, 5, 7, 9, 11, 13}) {
    for (const std::int64_t hours : {13, 14, 40, 97}) {
      const WindowPlan plan(hours, 6, stride);
      for (std::int64_t hour = 0; hour < hours; ++hour) {
        EXPECT_GE(plan.centre(hour), 6);
        EXPECT_LE(plan.centre(hour), hours - 7);
        EXPECT_GE(plan.offset(hour), 0);
        EXPECT_LE(plan.offset(hour), 12);
        const std::int64_t free = stride * (hour / stride) + (stride - 1) / 2;
        if (free >= 6 && free <= hours - 7) {
          EXPECT_LE(std::abs(plan.offset(hour) - 6), (stride - 1) / 2);
        }
      }
    }
  }
}

TEST(WindowPlan, RefusesTooFewHoursAndWrongStrides) {
  EXPECT_THAT([] { WindowPlan(12, 6, 1); }, ::testing::ThrowsMessage<core::Error>(::testing::AllOf(
                                                ::testing::HasSubstr("12"), ::testing::HasSubstr("13"))));
  for (const std::int64_t stride : {0, 2, 15, -1})
    EXPECT_THAT([&] { WindowPlan(100, 6, stride); },
                ::testing::ThrowsMessage<core::Error>(::testing::HasSubstr("sampler.stride")));
}

}  // namespace
}  // namespace foehn::trajectory::plan_test

#include "foehn/core/heartbeat.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "foehn/core/progress.hpp"

namespace foehn::core::heartbeat_test {
namespace {

TEST(Heartbeat, GrowsWithEveryPieceOfWorkThatIsCounted) {
  const std::int64_t before = heartbeats();
  beat();
  EXPECT_EQ(heartbeats(), before + 1);
  Progress("working", 3, "pieces", false).advance();  // on ranks that stay silent too
  EXPECT_EQ(heartbeats(), before + 2);
}

TEST(Wait, ForADeviceLooksUntilItIsDoneAndSaysSoMeanwhile) {
  const std::int64_t before = heartbeats();
  int looks = 0;
  wait_until(
      [&] {
        const Wait wait = current_wait();
        EXPECT_STREQ(wait.what, "for the GPU");
        EXPECT_EQ(wait.awaited, Awaited::device);
        return ++looks == 3;
      },
      "for the GPU");
  EXPECT_EQ(looks, 3);
  EXPECT_EQ(heartbeats(), before + 2);  // that it began and that it ended
  EXPECT_EQ(current_wait().what, nullptr);
}

TEST(Activity, IsToldFromTheOutermostInwards) {
  EXPECT_EQ(current_activity(), "");
  const Activity member("member 3");
  std::optional<Activity> step;
  step.emplace("step 1 of 2");
  {
    const Activity halo("halo");
    EXPECT_EQ(current_activity(), "member 3, step 1 of 2, halo");
  }
  step.emplace("step 2 of 2");
  EXPECT_EQ(current_activity(), "member 3, step 2 of 2");
  step.reset();
  EXPECT_EQ(current_activity(), "member 3");
}

}  // namespace
}  // namespace foehn::core::heartbeat_test

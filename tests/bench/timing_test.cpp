#include "foehn/bench/timing.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace foehn::bench::timing_test {
namespace {

TEST(BenchTiming, TakesTheMedianOfWarmCalls) {
  int calls = 0;
  const Timing timing = time_calls(3, [&] {
    ++calls;
    return at::zeros({1});
  });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(timing.repeats, 3);
  EXPECT_GT(timing.seconds, 0);
}

}  // namespace
}  // namespace foehn::bench::timing_test

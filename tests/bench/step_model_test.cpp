#include "foehn/bench/step_model.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace foehn::bench::step_model_test {
namespace {

/// Estimates of every hour by batches of 8, products of every sixth.
StepParts some_parts() {
  StepParts parts{.period = 6};
  parts.passes = {{.per_step = 1, .every = 1, .batch = 8, .seconds_per_call = 0.5},
                  {.per_step = 3, .every = 6, .batch = 8, .border = 2, .seconds_per_call = 2}};
  parts.fixed_seconds = 0.01;
  parts.hour_seconds = 0.001;
  parts.messages = 7;
  parts.bytes = 6e6;
  parts.end_bytes = 4e6;
  parts.sums = 5;
  return parts;
}

constexpr LinkSpeed kLink{
    .message_seconds = 1e-4, .bytes_per_second = 1e9, .sum_seconds = 2e-5, .sum_hour_seconds = 1e-9};

TEST(StepModel, AddsBatchesAndHoursOfARankAlone) {
  // 48 hours: six batches of estimates; eight windows are observed, one batch.
  const StepCost cost = predict(some_parts(), kLink, 48, 1);
  EXPECT_DOUBLE_EQ(cost.denoisers, 6 * 0.5 + 3 * 2);
  EXPECT_DOUBLE_EQ(cost.outside, 0.01 + 48 * 0.001);
  EXPECT_EQ(cost.exchanges, 0);
}

TEST(StepModel, CountsTheRankWithMostHours) {
  // Eight periods on three ranks: at most three of them, 18 hours, of which two windows are called apart.
  const StepCost cost = predict(some_parts(), kLink, 48, 3);
  EXPECT_DOUBLE_EQ(cost.denoisers, 3 * 0.5 + 3 * 2 * 2);
  EXPECT_DOUBLE_EQ(cost.outside, 0.01 + 18 * 0.001);
  EXPECT_DOUBLE_EQ(cost.exchanges, 7e-4 + 6e-3 + 5 * (2e-5 * std::log2(3.0) + 48e-9));
}

TEST(StepModel, SendsLessWithOneNeighbour) {
  const double two = predict(some_parts(), kLink, 4800, 2).exchanges,
               four = predict(some_parts(), kLink, 4800, 4).exchanges;
  EXPECT_NEAR(four - two, 2e-3 + 5 * 2e-5, 1e-12);
}

TEST(StepModel, LetsBatchesThatAreNotPaddedCostWhatTheirWindowsDo) {
  StepParts parts = some_parts();
  parts.passes = {{.per_step = 1, .every = 1, .batch = 8, .is_padded = false, .seconds_per_call = 0.5}};
  EXPECT_DOUBLE_EQ(predict(parts, kLink, 12, 1).denoisers, 12.0 / 8 * 0.5);
}

TEST(StepModel, FindsWhereExchangesTakeTheirShare) {
  const StepParts parts = some_parts();
  const auto ranks = ranks_of_share(parts, kLink, 8766, 0.001, 1024);
  ASSERT_TRUE(ranks.has_value());
  EXPECT_GE(predict(parts, kLink, 8766, *ranks).exchanged_share(), 0.001);
  EXPECT_LT(predict(parts, kLink, 8766, *ranks - 1).exchanged_share(), 0.001);
  EXPECT_FALSE(ranks_of_share(parts, kLink, 8766, 0.9, 1024).has_value());
}

}  // namespace
}  // namespace foehn::bench::step_model_test

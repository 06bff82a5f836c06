#include "foehn/job/plan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace foehn::job::plan_test {
namespace {

Plan odd_plan() {
  Plan plan;
  plan.prior_digest = "abc";
  plan.period = {calendar::Calendar::day_360, -62135596800, 10800, 8736};
  plan.observations = {{{0, 2}, 8, 6, {{0, 1}, {6, 7}}}, {{1}, 16, 24, {{0, 24}, {24, 48}}}};
  plan.points = {{.name = "st\xe9.csv",
                  .variable = 1,
                  .sampling = io::PointSampling::sum,
                  .intervals = {{0, 12}, {6, 18}},
                  .points = 3,
                  .count = 5,
                  .least_std = 1.0 / 3,
                  .most_std = 2}};
  plan.withheld = {{.name = "b.csv", .intervals = {{3, 4}}, .points = 1, .count = 1}};
  plan.observation_std = {0.1 + 0.2, 1.0 / 3, std::numeric_limits<double>::denorm_min(), 1e300};
  plan.guidance = Guidance::sda_exact;
  plan.solving = {Covariance::preconditioned, {.steps = 5, .tolerance = std::nextafter(0.01, 1)}};
  plan.gamma = 0.0007196856730011522;
  plan.sampler = {.method = diffusion::Method::ddim,
                  .steps = 256,
                  .spacing = diffusion::Spacing::time,
                  .t_first = 0.97,
                  .corrections = 2,
                  .tau = 1e-7};
  plan.windows = {6, {.noisy = 1, .clear = 7}};
  plan.gaussian_windows = Windows{8, {.noisy = 1, .clear = 9}};
  plan.seed = std::numeric_limits<std::int64_t>::max();
  plan.members = {0, 3, 4'000'000'000};
  plan.checkpoints = {
      "out/ch\xe9"
      "ckpoint",
      0.1, 7};  // Latin-1: the name of a folder is bytes
  plan.identity = "sampler.steps = 256\nprior = abc\n";
  return plan;
}

TEST(Plan, ComesBackBitByBit) {
  const Plan plan = odd_plan(), back = parse_plan(serialise(plan));
  EXPECT_EQ(serialise(back), serialise(plan));
  EXPECT_EQ(back.period, plan.period);
  EXPECT_EQ(back.observations, plan.observations);
  EXPECT_EQ(back.points, plan.points);
  EXPECT_EQ(back.withheld, plan.withheld);
  EXPECT_EQ(back.observation_std, plan.observation_std);
  EXPECT_EQ(back.guidance, plan.guidance);
  EXPECT_EQ(back.solving.covariance, plan.solving.covariance);
  EXPECT_EQ(back.solving.solver.tolerance, plan.solving.solver.tolerance);
  EXPECT_EQ(back.gamma, plan.gamma);
  EXPECT_EQ(back.sampler.method, plan.sampler.method);
  EXPECT_EQ(back.sampler.t_first, plan.sampler.t_first);
  EXPECT_EQ(back.sampler.tau, plan.sampler.tau);
  EXPECT_EQ(back.windows.strides.clear, plan.windows.strides.clear);
  EXPECT_EQ(back.gaussian_windows->markov_order, plan.gaussian_windows->markov_order);
  EXPECT_EQ(back.seed, plan.seed);
  EXPECT_EQ(back.members, plan.members);
  EXPECT_EQ(back.checkpoints.folder, plan.checkpoints.folder);
  EXPECT_EQ(back.identity, plan.identity);
}

TEST(Plan, KeepsWhatIsAbsent) {
  const Plan back = parse_plan(serialise(Plan{}));
  EXPECT_FALSE(back.gamma);
  EXPECT_FALSE(back.solving.solver.tolerance);
  EXPECT_FALSE(back.is_conditioned());
  EXPECT_TRUE(back.observations.empty());
}

TEST(Plan, CutsSlabsWhereNoMeanIsOpen) {
  Plan plan = odd_plan();
  plan.period.hours = 48;
  plan.ranks_per_member = 3;
  const trajectory::SlabPartition partition = plan.partition();
  for (int rank = 0; rank < 3; ++rank) EXPECT_EQ(partition.slab(rank).first % 24, 0) << rank;
}

TEST(Plan, CutsSlabsWhereNoSumAtPointsIsOpen) {
  Plan plan;
  plan.period.hours = 48;
  plan.ranks_per_member = 3;
  plan.points = {{.name = "a.csv", .intervals = {{5, 6}, {20, 21}}}};
  EXPECT_EQ(plan.partition().slab(1).size(), 16);
  plan.points.push_back({.name = "b.csv", .intervals = {{0, 20}, {20, 40}}});
  EXPECT_EQ(plan.partition().slab(1).first, 20);
  EXPECT_EQ(plan.partition().slab(2).first, 40);
  plan.withheld = {{.name = "c.csv", .intervals = {{0, 30}, {15, 45}}}};  // they overlap
  EXPECT_EQ(plan.partition().slab(1).size(), 45);
}

}  // namespace
}  // namespace foehn::job::plan_test

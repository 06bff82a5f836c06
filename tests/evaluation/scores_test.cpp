#include "foehn/evaluation/scores.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

#include "evaluation/sums.hpp"

namespace foehn::evaluation::scores_test {
namespace {

using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;

constexpr int kDraws = 100000;

std::vector<double> draw(std::mt19937_64& generator, std::size_t count, double mean, double deviation) {
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<double> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(generator); });
  return values;
}

/// `draws` ensembles, each scored for a truth from the same distribution.
EnsembleSums exchangeable_ensembles(std::size_t members) {
  std::mt19937_64 generator(7);
  EnsembleSums sums(static_cast<std::int64_t>(members));
  for (int i = 0; i < kDraws; ++i) {
    const double truth = draw(generator, 1, 0, 1).front();
    auto errors = draw(generator, members, 0, 1);
    for (double& error : errors) error -= truth;
    sums.add(errors);
  }
  return sums;
}

TEST(ErrorScores, AreThoseOfAKnownSample) {
  ErrorSums sums;
  for (const double error : {3.0, -1.0, -4.0, 0.0}) sums.add(error);
  const auto scores = finish(sums);
  EXPECT_DOUBLE_EQ(scores.mae, 2);
  EXPECT_DOUBLE_EQ(scores.rmse, std::sqrt(6.5));
  EXPECT_DOUBLE_EQ(scores.bias, -0.5);
}

TEST(FairCrps, OfTwoMembersAroundTheTruthIsZero) {
  EXPECT_DOUBLE_EQ(fair_crps(std::vector{-1.0, 2.0}), 0);
}

TEST(FairCrps, OfMembersThatAgreeIsTheirError) {
  EXPECT_DOUBLE_EQ(fair_crps(std::vector{-3.0, -3.0, -3.0}), 3);
}

TEST(FairCrps, IsTheDoubleSumOfItsDefinition) {
  std::mt19937_64 generator(1);
  for (const std::size_t members : {2U, 3U, 7U, 16U}) {
    auto errors = draw(generator, members, 0.3, 2);
    double absolute = 0, pairs = 0;
    for (const double error : errors) {
      absolute += std::abs(error);
      for (const double other : errors) pairs += std::abs(error - other);
    }
    const auto count = static_cast<double>(members);
    std::sort(errors.begin(), errors.end());
    EXPECT_NEAR(fair_crps(errors), absolute / count - pairs / (2 * count * (count - 1)), 1e-14);
  }
}

TEST(FairCrps, HasTheExpectationOfTheWholeDistributionForAnyNumberOfMembers) {
  const double mean = -0.5, deviation = 1.5;
  // CRPS of a normal distribution at 0 (Gneiting and Raftery 2007), z = -mean / deviation.
  const double z = -mean / deviation;
  const double cumulative = 0.5 * std::erfc(-z / std::numbers::sqrt2);
  const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
  const double expected = deviation * (z * (2 * cumulative - 1) + 2 * density - std::numbers::inv_sqrtpi);
  std::mt19937_64 generator(3);
  for (const std::size_t members : {2U, 4U, 12U}) {
    double sum = 0;
    for (int i = 0; i < kDraws; ++i) {
      auto errors = draw(generator, members, mean, deviation);
      std::sort(errors.begin(), errors.end());
      sum += fair_crps(errors);
    }
    EXPECT_NEAR(sum / kDraws, expected, 0.012) << members << " members";
  }
}

TEST(EnsembleScores, AreCalibratedForExchangeableDraws) {
  for (const std::size_t members : {2U, 5U}) {
    const auto scores = finish(exchangeable_ensembles(members));
    EXPECT_NEAR(scores.spread.value(), 1, 0.01);
    EXPECT_NEAR(scores.spread_skill.value(), 1, 0.01);
    EXPECT_NEAR(scores.fair_crps.value(), std::numbers::inv_sqrtpi, 0.01);
    EXPECT_NEAR(scores.mean.bias, 0, 0.02);
    EXPECT_THAT(scores.rank_histogram, Each(DoubleNear(1.0 / static_cast<double>(members + 1), 0.006)));
  }
}

TEST(EnsembleScores, OfAKnownEnsemble) {
  EnsembleSums sums(3);
  std::vector<double> errors = {3, 1, -1};
  sums.add(errors);
  const auto scores = finish(sums);
  EXPECT_DOUBLE_EQ(scores.mean.bias, 1);
  EXPECT_DOUBLE_EQ(scores.spread.value(), 2);
  EXPECT_DOUBLE_EQ(scores.spread_skill.value(), std::sqrt(4.0 / 3.0) * 2);
  EXPECT_DOUBLE_EQ(scores.fair_crps.value(), 5.0 / 3.0 - 16.0 / 12.0);
  EXPECT_THAT(scores.rank_histogram, ElementsAre(0, 1, 0, 0));
}

TEST(EnsembleScores, OfOneMemberHaveNoSpread) {
  EnsembleSums sums(1);
  std::vector<double> errors = {-2};
  sums.add(errors);
  const auto scores = finish(sums);
  EXPECT_FALSE(scores.fair_crps || scores.spread || scores.spread_skill);
  EXPECT_DOUBLE_EQ(scores.mean.mae, 2);
  EXPECT_THAT(scores.rank_histogram, ElementsAre(0, 1));
}

TEST(EnsembleScores, HaveNoRatioWithoutAnError) {
  EnsembleSums sums(2);
  std::vector<double> errors = {1, -1};
  sums.add(errors);
  EXPECT_FALSE(finish(sums).spread_skill);
}

TEST(RankHistogram, SharesTiesAmongTheRanksTheyLeaveOpen) {
  EnsembleSums sums(4);
  std::vector<double> errors = {0, 5, -1, 0};
  sums.add(errors);
  const double third = 1.0 / 3.0;
  EXPECT_THAT(finish(sums).rank_histogram,
              ElementsAre(0, DoubleEq(third), DoubleEq(third), DoubleEq(third), 0));
}

TEST(EnsembleSums, AddUp) {
  EnsembleSums first(2), second(2), whole(2);
  std::vector<double> low = {-1, 2}, high = {4, 3};
  first.add(low);
  second.add(high);
  whole.add(low);
  whole.add(high);
  evaluation::add(first, second);
  EXPECT_EQ(first.mean.count, 2);
  EXPECT_EQ(first.fair_crps, whole.fair_crps);
  EXPECT_EQ(first.variance, whole.variance);
  EXPECT_EQ(first.mean.squared, whole.mean.squared);
  EXPECT_EQ(first.ranks, whole.ranks);
}

TEST(EnsembleScores, AreCalibratedWithoutTheErrorThatFewMembersMake) {
  // Truth of deviation 1, members of deviation 0.8 around the same mean: the debiased ratio is 0.8, the other
  // is drawn towards 1 (Fortin et al. 2014).
  std::mt19937_64 generator(1);
  constexpr std::size_t kMembers = 4;
  EnsembleSums sums(kMembers);
  std::normal_distribution<double> normal;
  for (int i = 0; i < kDraws; ++i) {
    const double truth = normal(generator);
    std::vector<double> errors;
    for (std::size_t member = 0; member < kMembers; ++member)
      errors.push_back(0.8 * normal(generator) - truth);
    sums.add(errors);
  }
  const EnsembleScores scores = finish(sums);
  EXPECT_NEAR(scores.debiased_spread_skill.value(), 0.8, 0.01);
  EXPECT_NEAR(scores.spread_skill.value(), std::sqrt(1.25 * 0.64 / 1.16), 0.01);
}

TEST(PitHistogram, IsFlatForAFlatRankHistogramOfAnyNumberOfMembers) {
  for (const std::size_t ranks : {2U, 5U, 9U, 41U}) {
    const std::vector<double> flat(ranks, 1.0 / static_cast<double>(ranks));
    EXPECT_THAT(pit_histogram(flat, 20), Each(DoubleNear(0.05, 1e-12))) << ranks;
  }
}

TEST(PitHistogram, SharesARankOutAmongTheBinsItSpans) {
  const std::vector<double> ranks = {0.5, 0.25, 0.25};
  EXPECT_THAT(pit_histogram(ranks, 2), ElementsAre(DoubleNear(0.625, 1e-12), DoubleNear(0.375, 1e-12)));
}

}  // namespace
}  // namespace foehn::evaluation::scores_test

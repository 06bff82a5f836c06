#include "evaluation/bootstrap.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "foehn/core/philox.hpp"

namespace foehn::evaluation::bootstrap_test {
namespace {

/// The mean of a replicate's values; each block gives a sum and a count.
std::vector<double> means(const std::vector<std::vector<double>>& blocks, const BootstrapOptions& options) {
  std::vector<double> values;
  bootstrap(blocks, options, [&](const std::vector<double>& sums) { values.push_back(sums[0] / sums[1]); });
  return values;
}

std::vector<std::vector<double>> normal_blocks(std::size_t count, std::uint64_t seed) {
  std::vector<double> noise(count);
  core::fill_normal<double>({seed, 0, 0}, 0, noise);
  std::vector<std::vector<double>> blocks;
  for (const double value : noise) blocks.push_back({value, 1});
  return blocks;
}

TEST(Bootstrap, HasTheStandardErrorOfAMeanOfIndependentBlocks) {
  const auto blocks = normal_blocks(400, 1);
  double mean = 0, squares = 0;
  for (const auto& block : blocks) {
    mean += block[0] / 400;
    squares += block[0] * block[0] / 400;
  }
  const double standard_error = std::sqrt((squares - mean * mean) / 400);
  const Interval interval = central_interval(means(blocks, {.replicates = 4000}));
  EXPECT_NEAR(interval.low, mean - 1.96 * standard_error, 0.1 * standard_error);
  EXPECT_NEAR(interval.high, mean + 1.96 * standard_error, 0.1 * standard_error);
}

TEST(Bootstrap, DrawsAsManyBlocksAsThereAre) {
  const std::vector<std::vector<double>> blocks(7, {3, 1});
  bootstrap(blocks, {.replicates = 20}, [](const std::vector<double>& sums) {
    EXPECT_EQ(sums, (std::vector<double>{21, 7}));
  });
}

TEST(Bootstrap, DependsOnTheSeedAlone) {
  const auto blocks = normal_blocks(30, 2);
  EXPECT_EQ(means(blocks, {.replicates = 50, .seed = 3}), means(blocks, {.replicates = 50, .seed = 3}));
  EXPECT_NE(means(blocks, {.replicates = 50, .seed = 3}), means(blocks, {.replicates = 50, .seed = 4}));
}

TEST(CentralInterval, IsLinearBetweenOrderStatistics) {
  std::vector<double> values;
  for (int i = 40; i >= 0; --i) values.push_back(i);
  const Interval interval = central_interval(values);
  EXPECT_DOUBLE_EQ(interval.low, 1);
  EXPECT_DOUBLE_EQ(interval.high, 39);
}

}  // namespace
}  // namespace foehn::evaluation::bootstrap_test

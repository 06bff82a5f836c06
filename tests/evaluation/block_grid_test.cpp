#include "foehn/evaluation/block_grid.hpp"

#include <gmock/gmock.h>

#include <array>

#include "foehn/core/error.hpp"

namespace foehn::evaluation::block_grid_test {
namespace {

using ::testing::ElementsAre;

/// A field on 8 x 12 cells.
template <class Function>
std::vector<double> fine_field(Function value) {
  std::vector<double> field;
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 12; ++x) field.push_back(value(y, x));
  }
  return field;
}

double bilinear(double y, double x) {
  return 280 + 0.5 * y - 1.25 * x + 0.125 * x * y;
}

TEST(BlockGrid, TakesMeansOverBlocks) {
  const BlockGrid blocks(2, 4, 2);
  const std::vector<float> fine = {1, 2, 10, 20, 3, 6, 30, 0};
  std::vector<double> coarse(2);
  blocks.mean(std::span<const float>(fine), coarse);
  EXPECT_THAT(coarse, ElementsAre(3, 15));
}

TEST(BlockGrid, InterpolationGivesBackWhatIsBilinearBetweenTheCentres) {
  const BlockGrid blocks(8, 12, 4);
  const auto fine = fine_field(bilinear);
  std::vector<double> coarse(6), interpolated(fine.size());
  blocks.mean(std::span<const double>(fine), coarse);
  blocks.interpolate(coarse, interpolated);
  // Centres lie at 1.5, 5.5 (rows) and 1.5, 5.5, 9.5 (columns).
  for (int y = 2; y <= 5; ++y) {
    for (int x = 2; x <= 9; ++x) {
      EXPECT_NEAR(interpolated[static_cast<std::size_t>(12 * y + x)], bilinear(y, x), 1e-12)
          << y << ", " << x;
    }
  }
}

TEST(BlockGrid, InterpolationIsConstantBeyondTheOutermostCentres) {
  const BlockGrid blocks(8, 12, 4);
  const std::vector<double> coarse = {1, 2, 3, 4, 5, 6};
  std::vector<double> fine(96);
  blocks.interpolate(coarse, fine);
  EXPECT_EQ(fine[0], 1);
  EXPECT_EQ(fine[12 + 1], 1);
  EXPECT_EQ(fine[11], 3);
  EXPECT_EQ(fine[7 * 12], 4);
  EXPECT_EQ(fine[7 * 12 + 11], 6);
  EXPECT_DOUBLE_EQ(fine[3 * 12], 1 + 3 * (3 - 1.5) / 4);
}

TEST(BlockGrid, OfSingleCellsChangesNothing) {
  const BlockGrid blocks(8, 12, 1);
  const auto fine = fine_field([](int y, int x) { return static_cast<double>((7 * y + 5 * x) % 11); });
  std::vector<double> coarse(fine.size()), interpolated(fine.size());
  blocks.mean(std::span<const double>(fine), coarse);
  blocks.interpolate(coarse, interpolated);
  EXPECT_EQ(coarse, fine);
  EXPECT_EQ(interpolated, fine);
}

TEST(BlockGrid, OfOneBlockInterpolatesToAConstant) {
  const BlockGrid blocks(4, 4, 4);
  std::vector<double> fine(16);
  blocks.interpolate(std::array{2.5}, fine);
  EXPECT_THAT(fine, ::testing::Each(2.5));
}

TEST(BlockGrid, RefusesABlockThatDoesNotDivideTheGrid) {
  for (const std::int64_t block : {5, 0}) EXPECT_THROW(BlockGrid(8, 12, block), core::Error) << block;
}

}  // namespace
}  // namespace foehn::evaluation::block_grid_test

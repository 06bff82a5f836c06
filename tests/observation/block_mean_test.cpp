#include "foehn/observation/block_mean.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <array>

#include "foehn/core/error.hpp"

namespace foehn::observation::block_mean_test {
namespace {

double inner_product_of(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum().item<double>();
}

TEST(BlockMean, AveragesEachBlock) {
  const at::Tensor fine = at::arange(24, at::kDouble).reshape({1, 4, 6});
  const at::Tensor coarse = BlockMean(2).apply(fine);
  EXPECT_EQ(coarse.sizes(), at::IntArrayRef({1, 2, 3}));
  EXPECT_DOUBLE_EQ(coarse[0][0][0].item<double>(), (0 + 1 + 6 + 7) / 4.0);
  EXPECT_DOUBLE_EQ(coarse[0][1][2].item<double>(), (16 + 17 + 22 + 23) / 4.0);
}

TEST(BlockMean, OfManyFieldsHasTheBitsOfEachAlone) {
  at::manual_seed(3);
  for (const auto& [block, rows, columns] : {std::array<std::int64_t, 3>{1, 5, 7},
                                             {2, 1, 1},
                                             {3, 4, 1},
                                             {8, 2, 5},
                                             {16, 1, 3},
                                             {8, 1, 9},
                                             {5, 3, 2}}) {
    const BlockMean mean(block);
    for (const std::int64_t variables : {1, 3}) {
      const at::Tensor fine = at::randn({13, variables, rows * block, columns * block});
      const at::Tensor means = mean.apply(fine), one_by_one = mean.apply_value_by_value(fine);
      for (std::int64_t i = 0; i < 13; ++i) {
        EXPECT_TRUE(at::equal(mean.apply(fine[i]), means[i])) << block;
        EXPECT_TRUE(at::equal(mean.apply_value_by_value(fine[i]), one_by_one[i])) << block;
      }
      EXPECT_TRUE(at::allclose(means, one_by_one, 1e-5, 1e-6)) << block;
    }
  }
}

TEST(BlockMean, OfItsAdjointIsTheValueDividedByTheNumberOfCells) {
  // A A^T = I / cells: what the default of observation.gamma rests on.
  at::manual_seed(1);
  const at::Tensor coarse = at::randn({2, 3, 4}, at::kDouble);
  const BlockMean mean(5);
  EXPECT_TRUE(at::allclose(mean.apply(mean.adjoint(coarse)), coarse / 25, 1e-14, 1e-14));
}

TEST(BlockMean, HasAnExactAdjoint) {
  at::manual_seed(2);
  for (const std::int64_t block : {1, 3, 4}) {
    const BlockMean mean(block);
    const at::Tensor x = at::randn({3, 2 * block, 5 * block}, at::kDouble),
                     y = at::randn({3, 2, 5}, at::kDouble);
    const double left = inner_product_of(mean.apply(x), y);
    EXPECT_NEAR(left, inner_product_of(x, mean.adjoint(y)), 1e-12 * std::max(1.0, std::abs(left)));
  }
}

TEST(BlockMean, RefusesABlockThatDoesNotDivideTheGrid) {
  const at::Tensor fine = at::zeros({1, 33, 48}, at::kFloat);
  try {
    BlockMean(8).apply(fine);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(),
                ::testing::AllOf(::testing::HasSubstr("8 x 8"), ::testing::HasSubstr("33 x 48")));
  }
  EXPECT_THROW(BlockMean(0), core::Error);
}

}  // namespace
}  // namespace foehn::observation::block_mean_test

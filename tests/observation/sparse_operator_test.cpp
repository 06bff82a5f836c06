#include "foehn/observation/sparse_operator.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <limits>

#include "foehn/core/error.hpp"

namespace foehn::observation::sparse_operator_test {
namespace {

TEST(SparseOperator, IsTheWeightedSumOverCellsAndHours) {
  at::manual_seed(3);
  const at::Tensor slab = at::randn({7, 3, 4, 6}, at::kDouble);
  // Two targets: one between cells 1 and 8, one at cell 23; a snapshot, and a sum over three hours.
  const at::Tensor cells = at::tensor({1, 23, 8, 0}, at::kLong).reshape({2, 1, 2});
  at::Tensor weights = at::tensor({0.25, 1.0, 0.75, 0.0}, at::kDouble).reshape({1, 2, 1, 1, 2});
  weights = weights.expand({3, 2, 2, 1, 2}).clone();
  weights.narrow(0, 1, 2).select(2, 0).zero_();  // the snapshot has no second and third hour
  const SparseOperator sums({{0, 2}, {{0, 1}, {4, 7}}, cells, weights});
  const at::Tensor seen = sums.apply(slab);
  ASSERT_EQ(seen.sizes(), at::IntArrayRef({2, 2, 1, 2}));
  const at::Tensor fields = slab.flatten(2), sum = fields.narrow(0, 4, 3).sum(0);
  EXPECT_NEAR(seen[0][1][0][0].item<double>(),
              (0.25 * fields[0][2][1] + 0.75 * fields[0][2][8]).item<double>(), 1e-14);
  EXPECT_NEAR(seen[0][0][0][1].item<double>(), fields[0][0][23].item<double>(), 1e-14);
  EXPECT_NEAR(seen[1][0][0][0].item<double>(), (0.25 * sum[0][1] + 0.75 * sum[0][8]).item<double>(), 1e-14);
  EXPECT_NEAR(seen[1][1][0][1].item<double>(), sum[2][23].item<double>(), 1e-14);
}

TEST(SparseOperator, RefusesWeightsThatAreNegativeOrNotFinite) {
  for (const double weight : {-1.0, std::numeric_limits<double>::infinity()})
    EXPECT_THROW(
        SparseOperator(
            {{0}, {{0, 1}}, at::zeros({1, 1, 1}, at::kLong), at::full({1, 1, 1, 1, 1}, weight, at::kDouble)}),
        core::Error);
}

}  // namespace
}  // namespace foehn::observation::sparse_operator_test

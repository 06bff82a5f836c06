#include "foehn/observation/slab_observations.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "foehn/observation/block_mean_operator.hpp"

namespace foehn::observation::slab_observations_test {
namespace {

TEST(SlabObservations, HaveRowsOfZeroForMissingValues) {
  at::manual_seed(5);
  const auto means =
      std::make_shared<BlockMeanOperator>(BlockMeanOperator::Layout{{0, 2}, BlockMean(2), {{0, 1}, {2, 6}}});
  const at::Tensor slab = at::randn({7, 3, 4, 6}, at::kDouble);
  const at::Tensor whole = means->apply(slab);
  at::Tensor values = at::ones({2, 2, 2, 3}, at::kDouble);
  const SlabObservations complete(means, values, {});
  EXPECT_FALSE(complete.is_missing().defined());
  EXPECT_TRUE(at::equal(complete.apply(slab), whole));
  values[1][0][1].fill_(NAN);
  const SlabObservations some(means, values, {});
  at::Tensor expected = whole.clone();
  expected[1][0][1].zero_();
  EXPECT_TRUE(at::equal(some.apply(slab), expected));
  EXPECT_EQ(some.values()[1][0][1].abs().max().item<double>(), 0);
  at::Tensor adjoint = at::zeros_like(slab);
  some.add_adjoint(at::ones({2, 2, 2, 3}, at::kDouble), adjoint);
  EXPECT_EQ(adjoint.narrow(0, 2, 4).select(1, 0).narrow(1, 2, 2).abs().max().item<double>(), 0);
  EXPECT_DOUBLE_EQ(adjoint[2][0][1][0].item<double>(), 1.0 / 16);
}

}  // namespace
}  // namespace foehn::observation::slab_observations_test

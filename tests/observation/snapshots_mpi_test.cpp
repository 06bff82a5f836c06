// The observation operator of a trajectory that ranks share, with observations on any of them.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "foehn/comm/communicator.hpp"
#include "foehn/observation/block_mean_snapshots.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::observation {
namespace {

TEST(BlockMeanSnapshots, HaveAnExactAdjointOverAllRanks) {
  const comm::Communicator world = comm::Communicator::world();
  for (const std::int64_t period : {1, 6, 30}) {
    const trajectory::SlabPartition partition(31, world.size(), 0, period);
    const trajectory::Slab mine = partition.slab(world.rank());
    std::vector<std::int64_t> rows;
    for (std::int64_t hour = 0; hour < 31; hour += period)
      if (mine.contains(hour)) rows.push_back(hour - mine.first);
    const BlockMeanSnapshots operation(BlockMean(4), rows);

    at::manual_seed(40 + static_cast<std::uint64_t>(world.rank()));
    const at::Tensor x = at::randn({mine.size(), 3, 8, 12}, at::kDouble);
    const at::Tensor y = at::randn({operation.size(), 3, 2, 3}, at::kDouble);
    std::vector<double> observed_side;
    at::Tensor adjoint = at::zeros_like(x);
    for (std::int64_t i = 0; i < operation.size(); ++i) {
      observed_side.push_back((operation.apply(x, i) * y[i]).sum().item<double>());
      operation.add_adjoint(y[i], i, adjoint);
    }
    const double left = world.ordered_sum(observed_side);
    const double right = world.ordered_sum(std::vector<double>{(x * adjoint).sum().item<double>()});
    EXPECT_NEAR(left, right, 1e-12 * std::max(1.0, std::abs(left))) << "period " << period;
  }
}

}  // namespace
}  // namespace foehn::observation

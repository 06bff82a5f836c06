#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "foehn/comm/tensor_sum.hpp"

namespace foehn::comm {
namespace {

constexpr std::int64_t kValues = 1003;

at::Tensor values_of(int rank) {
  return at::sin(at::arange(kValues, at::kFloat) * (rank + 1)) * 1e3;
}

/// On this rank's device of a kind: of several GPUs, the one of its number on the machine.
void expect_sum(const Communicator& ranks, at::Device device) {
  const TensorSum sum(ranks, device);
  at::Tensor expected = at::zeros({kValues}, at::kDouble);
  for (int rank = 0; rank < ranks.size(); ++rank) expected += values_of(rank);
  at::Tensor found = values_of(ranks.rank()).to(device);
  sum(found);
  EXPECT_EQ(found.device(), device);
  const at::Tensor host = found.cpu();
  EXPECT_LT((host.to(at::kDouble) - expected).abs().max().item<double>(), 1e-3);
  for (std::int64_t i = 0; i < kValues; ++i) {
    const double mine = host[i].item<float>();
    for (const double other : ranks.gather_all(mine)) ASSERT_EQ(other, mine) << i;
  }
}

TEST(TensorSum, IsTheSameOnAllRanks) {
  expect_sum(Communicator::world(), at::kCPU);
}

TEST(TensorSum, IsTheSameOnAllRanksOnGpus) {
  const Communicator world = Communicator::world();
  const auto gpus = static_cast<int>(at::hasCUDA() ? at::getNumGPUs() : 0);
  if (gpus == 0) GTEST_SKIP() << "no GPU at hand";
  const auto number = static_cast<at::DeviceIndex>(world.rank_on_machine() % gpus);
  expect_sum(world, {at::kCUDA, number});
}

}  // namespace
}  // namespace foehn::comm

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "comm/transports.hpp"
#include "foehn/comm/tensor_sum.hpp"

namespace foehn::comm::tensor_sum_mpi_test {
namespace {

constexpr std::int64_t kValues = 1003;

at::Tensor values_of(int rank) {
  return at::sin(at::arange(kValues, at::kFloat) * (rank + 1)) * 1e3;
}

class TensorSumOver : public OverEveryTransport {};

TEST_P(TensorSumOver, IsTheSameOnAllRanks) {
  const TensorSum sum(world_, device_, GetParam().kind);
  at::Tensor expected = at::zeros({kValues}, at::kDouble);
  for (int rank = 0; rank < world_.size(); ++rank) expected += values_of(rank);
  at::Tensor found = values_of(world_.rank()).to(device_);
  sum(found);
  EXPECT_EQ(found.device(), device_);
  const at::Tensor host = found.cpu();
  EXPECT_LT((host.to(at::kDouble) - expected).abs().max().item<double>(), 1e-3);
  std::vector<double> of_root(host.data_ptr<float>(), host.data_ptr<float>() + kValues);
  world_.broadcast(of_root);
  EXPECT_TRUE(at::equal(host.to(at::kDouble), at::tensor(of_root, at::kDouble)));
}

INSTANTIATE_TEST_SUITE_P(Here, TensorSumOver, ::testing::ValuesIn(transports_here()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace foehn::comm::tensor_sum_mpi_test

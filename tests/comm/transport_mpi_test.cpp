#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "comm/transports.hpp"
#include "foehn/core/error.hpp"

namespace foehn::comm::transport_mpi_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class TransportOver : public OverEveryTransport {
 protected:
  at::Tensor numbers(std::int64_t count, std::int64_t first) const {
    return at::arange(first, first + 3 * count, at::kInt).reshape({count, 3}).to(device_);
  }
};

TEST_P(TransportOver, DeliversPartsBetweenTwoRanksInOrder) {
  const int size = world_.size(), me = world_.rank(), next = (me + 1) % size, last = (me + size - 1) % size;
  if (size == 1) GTEST_SKIP() << "needs two ranks";
  const at::Tensor first = at::empty({2, 3}, numbers(2, 0).options()),
                   second = at::empty({4, 3}, first.options());
  const auto one = transport_->start({{next, numbers(2, 100 * me)}}, {{last, first}});
  const auto other = transport_->start({{next, numbers(4, 100 * me + 50)}}, {{last, second}});
  other->finish();
  one->finish();
  EXPECT_TRUE(at::equal(first, numbers(2, 100 * last)));
  EXPECT_TRUE(at::equal(second, numbers(4, 100 * last + 50)));
}

TEST_P(TransportOver, LetsRanksWithoutPartsTakePart) {
  if (world_.size() == 1) GTEST_SKIP() << "needs two ranks";
  std::vector<Transport::Part> out, in;
  const at::Tensor received = at::zeros({1, 3}, numbers(1, 0).options());
  if (world_.rank() == 0) out.push_back({world_.size() - 1, numbers(1, 7)});
  if (world_.rank() == world_.size() - 1) in.push_back({0, received});
  transport_->start(std::move(out), std::move(in))->finish();
  if (world_.rank() == world_.size() - 1) {
    EXPECT_TRUE(at::equal(received, numbers(1, 7)));
  }
}

INSTANTIATE_TEST_SUITE_P(Here, TransportOver, ::testing::ValuesIn(transports_here()),
                         [](const auto& tested) { return tested.param.name; });

TEST(TransportChoice, OnTheCpuIsMpi) {
  const Communicator world = Communicator::world();
  for (const TransportChoice choice : {TransportChoice::automatic, TransportChoice::mpi})
    EXPECT_EQ(choose_transport(world, at::kCPU, choice), TransportKind::mpi);
  EXPECT_EQ(describe(TransportKind::mpi, at::kCPU), "MPI");
}

TEST(TransportChoice, OfNcclIsRefusedOnTheCpu) {
  const Communicator world = Communicator::world();
  EXPECT_THAT([&] { choose_transport(world, at::kCPU, TransportChoice::nccl); },
              ThrowsMessage<core::CollectiveError>(HasSubstr(
                  "run.transport: nccl: carries data between GPUs, and this run computes on the CPU; "
                  "expected auto or mpi")));
}

TEST(TransportChoice, OnAGpuOfItsOwnIsNccl) {
  const Communicator world = Communicator::world();
  const auto gpus = static_cast<int>(at::hasCUDA() ? at::getNumGPUs() : 0);
  if (world.split_by_machine().size() > gpus) GTEST_SKIP() << "needs a GPU for each rank";
  const at::Device mine(at::kCUDA, static_cast<at::DeviceIndex>(world.rank_on_machine()));
  EXPECT_EQ(choose_transport(world, mine, TransportChoice::automatic), TransportKind::nccl);
  EXPECT_NE(choose_transport(world, mine, TransportChoice::mpi), TransportKind::nccl);
}

}  // namespace
}  // namespace foehn::comm::transport_mpi_test

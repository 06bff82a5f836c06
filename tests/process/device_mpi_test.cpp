#include <ATen/Context.h>
#include <gmock/gmock.h>

#include <cstdlib>

#include "foehn/core/error.hpp"
#include "foehn/process/device.hpp"

namespace foehn::process::device_mpi_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Device, ComputesInFloat32ByAlgorithmsWhoseBitsRepeat) {
  const comm::Communicator world = comm::Communicator::world();
  at::globalContext().setAllowTF32CuDNN(true);
  EXPECT_TRUE(choose_device(world, DeviceChoice::cpu).is_cpu());
  EXPECT_TRUE(at::globalContext().deterministicCuDNN());
  EXPECT_FALSE(at::globalContext().benchmarkCuDNN());
  EXPECT_FALSE(at::globalContext().allowTF32CuDNN());
  EXPECT_FALSE(at::globalContext().allowTF32CuBLAS());
  EXPECT_FALSE(at::globalContext().allowFP16ReductionCuBLAS());
  EXPECT_STREQ(std::getenv("CUBLAS_WORKSPACE_CONFIG"), ":4096:8");
  EXPECT_EQ(name_of(at::kCPU), "cpu");
}

TEST(Devices, OfOneNameAreAgreedOn) {
  const comm::Communicator world = comm::Communicator::world();
  EXPECT_NO_THROW(agree_on_devices(world, {"cpu", ""}, false));
  EXPECT_NO_THROW(agree_on_devices(world, {"NVIDIA H200", std::to_string(world.rank())}, false));
}

TEST(Devices, OfSeveralNamesAreRefusedOnAllRanks) {
  const comm::Communicator world = comm::Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "needs two ranks";
  const int last = world.size() - 1;
  const RankDevice mine = world.rank() == last ? RankDevice{"cpu", ""} : RankDevice{"NVIDIA H200", "5f"};
  // The GPU of the last rank failed: in silence it would have computed on the CPU.
  EXPECT_THAT([&] { agree_on_devices(world, mine, true); },
              ThrowsMessage<core::CollectiveError>(HasSubstr(
                  "run.device: all ranks must compute on the same kind of device, or results would depend on "
                  "the ranks: found NVIDIA H200 on rank 0 and cpu on rank " +
                  std::to_string(last))));
}

TEST(Devices, AreSharedIfAskedForAlone) {
  const comm::Communicator world = comm::Communicator::world();
  if (world.size() < 3) GTEST_SKIP() << "needs three ranks";
  const RankDevice mine{"NVIDIA H200", std::to_string(world.rank() % 2)};
  EXPECT_NO_THROW(agree_on_devices(world, mine, true));
  EXPECT_THAT([&] { agree_on_devices(world, mine, false); },
              ThrowsMessage<core::CollectiveError>(
                  HasSubstr("ranks on one machine share 2 GPUs; expected a GPU for each rank: start as many "
                            "ranks as there are GPUs, or set run.share_gpus true")));
}

}  // namespace
}  // namespace foehn::process::device_mpi_test

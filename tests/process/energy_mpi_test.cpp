#include <gmock/gmock.h>

#include <cstdlib>
#include <string>

#include "foehn/process/energy.hpp"
#include "powercap_folder.hpp"

namespace foehn::process::energy_mpi_test {
namespace {

using foehn::testing::PowercapFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EnergyMeter, CountsAMachineOnceHoweverManyRanksItHas) {
  const comm::Communicator world = comm::Communicator::world();
  const PowercapFolder zones;  // of each rank, of which one is looked at
  zones.set("intel-rapl:0", "package-0", 0, 5'000'000);
  EnergyMeter meter(world, "", {.powercap = zones.folder()});
  zones.set("intel-rapl:0", "package-0", 2'000'000, 5'000'000);
  const Energy energy = meter.read(world);
  EXPECT_NEAR(energy.processors.value(), 2, 1e-9);
  EXPECT_EQ(energy.gpus, std::nullopt);
  EXPECT_THAT(energy.unknown, IsEmpty());
}

TEST(EnergyMeter, CountsAGpuOnceHoweverManyRanksShareIt) {
  const comm::Communicator world = comm::Communicator::world();
  setenv("FOEHN_FAKE_MILLIJOULES", "1000", 1);
  const PowercapFolder none;
  EnergyMeter meter(world, "5f0e1122334455667788990011223344",
                    {.powercap = none.folder(), .nvml = FOEHN_FAKE_NVML});
  setenv("FOEHN_FAKE_MILLIJOULES", "4000", 1);
  const Energy energy = meter.read(world);
  EXPECT_NEAR(energy.gpus.value(), 3, 1e-9);
  EXPECT_EQ(energy.processors, std::nullopt);
  if (world.is_root()) {
    EXPECT_THAT(energy.unknown, ElementsAre(HasSubstr("processors: ")));
  }
}

TEST(EnergyMeter, IsUnknownWhereOneGpuDoesNotTell) {
  const comm::Communicator world = comm::Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "needs two ranks";
  setenv("FOEHN_FAKE_MILLIJOULES", "1000", 1);
  const PowercapFolder none;
  const std::string gpu = world.is_root() ? "5f0e1122334455667788990011223344"
                                          : std::string(32, static_cast<char>('0' + world.rank()));
  EnergyMeter meter(world, gpu, {.powercap = none.folder(), .nvml = FOEHN_FAKE_NVML});
  const Energy energy = meter.read(world);
  EXPECT_EQ(energy.gpus, std::nullopt);
  if (world.is_root()) {
    EXPECT_THAT(energy.unknown, ::testing::Contains(HasSubstr("GPUs: GPU-11111111-1111")));
  }
}

}  // namespace
}  // namespace foehn::process::energy_mpi_test

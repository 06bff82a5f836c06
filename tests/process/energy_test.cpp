#include "foehn/process/energy.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <string>

#include "io/test_files.hpp"
#include "powercap_folder.hpp"

namespace foehn::process::energy_test {
namespace {

using foehn::testing::PowercapFolder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ProcessorEnergyTest, AddsPackagesAndTheirMemoryThroughWrapArounds) {
  const PowercapFolder zones;
  zones.set("intel-rapl:0", "package-0", 1000, 10'000'000);
  zones.set("intel-rapl:0:0", "core", 1, 10'000'000);
  zones.set("intel-rapl:0:1", "dram", 9'900'000, 10'000'000);
  zones.set("intel-rapl:1", "package-1", 0, 5'000'000);
  zones.set("intel-rapl:2", "psys", 77, 10'000'000);
  zones.set("intel-rapl-mmio:0", "package-0", 1000, 10'000'000);
  ProcessorEnergy energy(zones.folder());
  energy.read();
  EXPECT_EQ(energy.joules(), 0);
  zones.set("intel-rapl:0", "package-0", 3'001'000, 10'000'000);
  zones.set("intel-rapl:0:0", "core", 9'000'000, 10'000'000);
  zones.set("intel-rapl:0:1", "dram", 400'000, 10'000'000);  // it began anew
  zones.set("intel-rapl:2", "psys", 8'000'000, 10'000'000);
  zones.set("intel-rapl-mmio:0", "package-0", 3'001'000, 10'000'000);
  energy.read();
  EXPECT_NEAR(energy.joules().value(), 3.0 + 0.5, 1e-9);
  zones.set("intel-rapl:1", "package-1", 1'000'000, 5'000'000);
  energy.read();
  zones.set("intel-rapl:1", "package-1", 0, 5'000'000);
  energy.read();
  EXPECT_NEAR(energy.joules().value(), 3.5 + 5, 1e-9);
  EXPECT_THAT(energy.complaint(), IsEmpty());
}

TEST(ProcessorEnergyTest, IsUnknownWhereTheKernelDoesNotTell) {
  const PowercapFolder zones;
  EXPECT_THAT(ProcessorEnergy(zones.folder()).complaint(), HasSubstr("no zone intel-rapl:*"));
  ProcessorEnergy none(zones.folder() / "none");
  none.read();
  EXPECT_EQ(none.joules(), std::nullopt);
  EXPECT_THAT(none.complaint(), HasSubstr("none: No such file or directory"));
}

TEST(ProcessorEnergyTest, IsUnknownOnceAZoneCannotBeRead) {
  const PowercapFolder zones;
  zones.set("intel-rapl:0", "package-0", 0, 5'000'000);
  zones.set("intel-rapl:1", "package-1", 0, 5'000'000);
  ProcessorEnergy energy(zones.folder());
  io::write_content(zones.folder() / "intel-rapl:1/energy_uj", "none\n");
  energy.read();
  EXPECT_EQ(energy.joules(), std::nullopt) << "half of the energy is not the energy";
  EXPECT_THAT(energy.complaint(), HasSubstr("intel-rapl:1/energy_uj: no number"));
}

class GpuEnergyTest : public ::testing::Test {
 protected:
  /// The fake driver counts from here.
  static void set_driver(const char* millijoules) { setenv("FOEHN_FAKE_MILLIJOULES", millijoules, 1); }
  static constexpr const char* kGpu = "5f0e1122334455667788990011223344";
};

TEST_F(GpuEnergyTest, IsThatOfTheDriverSinceItWasMade) {
  set_driver("5000000");
  GpuEnergy energy(FOEHN_FAKE_NVML, kGpu);
  EXPECT_EQ(energy.joules(), 0) << energy.complaint();
  set_driver("5012500");
  EXPECT_NEAR(energy.joules().value(), 12.5, 1e-9);
}

TEST_F(GpuEnergyTest, IsUnknownWhereTheDriverDoesNotTell) {
  GpuEnergy no_driver("libfoehn-has-no-such.so.1", kGpu);
  EXPECT_EQ(no_driver.joules(), std::nullopt);
  EXPECT_THAT(no_driver.complaint(), HasSubstr("libfoehn-has-no-such.so.1"));
  set_driver("1");
  GpuEnergy no_gpu(FOEHN_FAKE_NVML, "00000000000000000000000000000000");
  EXPECT_EQ(no_gpu.joules(), std::nullopt);
  EXPECT_THAT(no_gpu.complaint(), HasSubstr("GPU-00000000-0000-0000-0000-000000000000: no such device"));
  set_driver("unsupported");
  EXPECT_THAT(GpuEnergy(FOEHN_FAKE_NVML, kGpu).complaint(), HasSubstr("energy of the GPU: not supported"));
  GpuEnergy no_functions("libm.so.6", kGpu);
  EXPECT_THAT(no_functions.complaint(), HasSubstr("NVML has no function nvmlInit_v2"));
}

}  // namespace
}  // namespace foehn::process::energy_test

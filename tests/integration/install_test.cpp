// What cmake --install makes, used as somebody does who has no source tree.
#include <gmock/gmock.h>

#include "installation.hpp"
#include "process.hpp"

namespace foehn::testing::install_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

class Install : public ::testing::Test {
 protected:
  /// Runs commands of bash that find the installation in $share.
  Outcome bash(const std::string& commands) const {
    return run_command({"env", "share=" + installed_.shared("").string(), "bash", "-ec", commands});
  }

  Installation installed_;
  io::TemporaryFolder folder_;
};

TEST_F(Install, HoldsWhatUsersStartFrom) {
  EXPECT_THAT(files_in(installed_.shared("")),
              IsSupersetOf({"LICENSE", "README.md", "configs/README.md", "configs/fast.ini",
                            "configs/era5_uk_prior/domain.nc", "configs/era5_uk_prior/weights.safetensors",
                            "launch/demo", "launch/env.sh", "launch/pass_signals.sh", "launch/requeue.sh",
                            "launch/run", "slurm/README.md", "slurm/sample.sbatch", "slurm/scaling.sbatch",
                            "slurm/serve.sbatch", "tools/scaling_study"}));
  // What is in it does not need the tree that it was built in.
  const Outcome dynamic = run_command({"readelf", "--dynamic", installed_.prefix() / "bin/foehn"});
  EXPECT_THAT(dynamic.out, AllOf(HasSubstr("NEEDED"), Not(HasSubstr(FOEHN_BINARY)))) << dynamic;
}

TEST_F(Install, SamplesOnTwoRanks) {
  const Outcome which = bash("source \"$share/launch/env.sh\"; command -v foehn");
  EXPECT_EQ(which.out, (installed_.prefix() / "bin/foehn\n").string()) << which;

  const fs::path output = folder_ / "members";
  const Outcome sampled = bash(
      "\"$share/launch/run\" 2 sample --config \"$share/configs/fast.ini\" --prior.path "
      "\"$share/configs/era5_uk_prior\" --time.start 2019-03-26 --time.hours 25 --sampler.steps 2 "
      "--run.device cpu --output.directory " +
      output.string());
  ASSERT_EQ(sampled.exit_code, 0) << sampled;
  const Outcome said =
      bash("source \"$share/launch/env.sh\"; foehn info " + (output / "member_000.nc").string());
  EXPECT_EQ(said.exit_code, 0) << said;
  EXPECT_THAT(said.out, HasSubstr("t2m (air_temperature)")) << said;
}

}  // namespace
}  // namespace foehn::testing::install_test

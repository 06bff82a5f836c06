// Which program launch/env.sh puts on the PATH.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "io/test_files.hpp"
#include "process.hpp"

namespace foehn::testing::launch_test {
namespace {

namespace fs = std::filesystem;

class LaunchEnvironment : public ::testing::Test {
 protected:
  LaunchEnvironment() {
    fs::create_directories(folder_ / "launch");
    fs::copy_file(FOEHN_SOURCE "/launch/env.sh", folder_ / "launch/env.sh");
    std::ofstream(folder_ / "CMakeLists.txt") << "# a source tree\n";
    for (const std::string preset : {"release", "cuda"}) {
      const fs::path program = folder_ / ("build/" + preset + "/bin/foehn");
      fs::create_directories(program.parent_path());
      std::ofstream(program) << "#!/bin/sh\necho " << preset << "\n";
      fs::permissions(program, fs::perms::owner_all);
    }
  }

  /// What the program says that a shell finds.
  std::string found(const std::string& settings) {
    const std::string script = settings + "source " + (folder_ / "launch/env.sh").string() + " && foehn";
    return run_command({"bash", "-c", script}).out;
  }

  io::TemporaryFolder folder_;
};

TEST_F(LaunchEnvironment, PutsThePresetThatIsNamedOnThePath) {
  EXPECT_EQ(found("FOEHN_BUILD=cuda; "), "cuda\n");
  EXPECT_EQ(found("FOEHN_BUILD=release; "), "release\n");
}

TEST_F(LaunchEnvironment, TakesTheOneForCpusWhereThereIsNoGpu) {
  if (fs::exists("/dev/nvidia0")) GTEST_SKIP() << "there is a GPU";
  EXPECT_EQ(found("unset FOEHN_BUILD; "), "release\n");
}

}  // namespace
}  // namespace foehn::testing::launch_test

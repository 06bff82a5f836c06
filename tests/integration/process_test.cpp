#include "process.hpp"

#include <gtest/gtest.h>

namespace foehn::testing::process_test {
namespace {

TEST(RunCommand, TellsTheExitCodeAndWhatWasSaid) {
  const Outcome outcome = run_command({"sh", "-c", "echo one; echo two >&2; exit 3"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.out, "one\n");
  EXPECT_EQ(outcome.err, "two\n");
}

TEST(RunCommand, EndsWhatHangs) {
  // On ranks too: otherwise no test of the program could find it hanging.
  const Outcome outcome =
      run_command({FOEHN_MPIEXEC, "--quiet", "-n", "2", "sleep", "100"}, std::chrono::seconds(1));
  EXPECT_TRUE(outcome.timed_out);
  EXPECT_NE(outcome.exit_code, 0);
}

}  // namespace
}  // namespace foehn::testing::process_test

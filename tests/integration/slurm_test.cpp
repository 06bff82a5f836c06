// The job script for Slurm, with stand-ins for its programs.
#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "io/test_files.hpp"
#include "process.hpp"

namespace foehn::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class JobScript : public ::testing::Test {
 protected:
  /// Runs the script where srun says what it is given, has foehn end with `said` and itself with `code`.
  Outcome run(const std::string& said, int code, int restarts, const Words& options) {
    make_program(
        "srun", "echo \"srun $*\"; echo " + said + " > \"$FOEHN_STATUS_FILE\"; exit " + std::to_string(code));
    make_program("scontrol", "echo \"scontrol $*\"");
    Words words{"env",
                "PATH=" + (folder_ / "").string() + ":" + std::getenv("PATH"),
                "SLURM_SUBMIT_DIR=" FOEHN_SOURCE,
                "SLURM_JOB_ID=7",
                "SLURM_RESTART_COUNT=" + std::to_string(restarts),
                "bash",
                FOEHN_SOURCE "/slurm/sample.sbatch",
                "job.ini"};
    words.insert(words.end(), options.begin(), options.end());
    return run_command(words);
  }

 private:
  void make_program(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << "#!/bin/sh\n" << text << "\n";
    fs::permissions(folder_ / name, fs::perms::owner_all);
  }

  io::TemporaryFolder folder_;
};

TEST_F(JobScript, GoesBackInTheQueueWhenFoehnHasStopped) {
  // Ranks that are killed on their way out do not matter.
  for (const int code : {75, 137}) {
    const Outcome outcome = run("75", code, 0, {});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_THAT(outcome.out, HasSubstr("scontrol requeue 7"));
  }
  for (const int code : {0, 1, 137}) {
    const Outcome outcome = run(code == 137 ? "running" : std::to_string(code), code, 0, {});
    EXPECT_EQ(outcome.exit_code, code) << outcome;
    EXPECT_THAT(outcome.out, Not(HasSubstr("scontrol")));
  }
}

TEST_F(JobScript, DoesNotGoBackForEver) {
  const Outcome outcome = run("75", 75, 50, {});
  EXPECT_EQ(outcome.exit_code, 75) << outcome;
  EXPECT_THAT(outcome.out, Not(HasSubstr("scontrol")));
  EXPECT_THAT(outcome.err, HasSubstr("restarted 50 times"));
}

TEST_F(JobScript, StartsOverOnlyOnce) {
  const Words options{"--checkpoint.restart", "true", "--ensemble.members", "3"};
  EXPECT_THAT(run("0", 0, 0, options).out, HasSubstr("--checkpoint.restart true --ensemble.members 3"));
  EXPECT_THAT(run("0", 0, 1, options).out,
              AllOf(HasSubstr("job.ini --ensemble.members 3 --checkpoint.restart false"),
                    Not(HasSubstr("restart true"))));
  EXPECT_THAT(run("0", 0, 1, {"--checkpoint.restart=true"}).out,
              AllOf(HasSubstr("job.ini --checkpoint.restart false"), Not(HasSubstr("restart=true"))));
}

}  // namespace
}  // namespace foehn::testing

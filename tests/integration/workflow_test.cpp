// Campaigns that Snakemake and Cylc themselves run, where they are installed.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "esgf_file.hpp"
#include "job_file.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::workflow_test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const Words kMembers{"TOY-A/ssp585/r1i1p1f3/20501229-20501230/member_000.nc",
                     "TOY-B/ssp585/r1i1p1f3/20501229-20501230/member_000.nc"};

class Workflow : public ::testing::Test {
 protected:
  Workflow() {
    write_job(folder_ / "job.ini", {{"prior.path", toy_climate().prior},
                                    {"observation.block", "8"},
                                    {"observation.std", "20,0.1,0.2,0.2"},
                                    {"sampler.steps", "3"}});
    write_two_days("TOY-A", folder_ / "cmip6");
    write_two_days("TOY-B", folder_ / "cmip6");
  }
  /// Writes the campaign's jobs for an engine, to the folder "out".
  void write_for(const std::string& engine) const {
    const Outcome outcome = run_foehn("campaign", {{"input.folders", folder_ / "cmip6"},
                                                   {"input.variables", "psl,tas,uas,vas"},
                                                   {"campaign.periods", "ssp585:2050-12-29/2050-12-30"},
                                                   {"campaign.job", folder_ / "job.ini"},
                                                   {"campaign.output", folder_ / "out"},
                                                   {"campaign.format", engine}});
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  /// Runs a command in the campaign's folder.
  Outcome run(const Words& words) const {
    Words all{"env", "--chdir=" + (folder_ / "out").string(), "HOME=" + (folder_ / "").string(),
              "FOEHN_LAUNCHER=" FOEHN_MPIEXEC " --quiet -n 1"};
    all.insert(all.end(), words.begin(), words.end());
    return run_command(all);
  }
  void expect_members() const {
    for (const std::string& member : kMembers) EXPECT_TRUE(fs::exists(folder_ / "out" / member)) << member;
  }

  io::TemporaryFolder folder_;
};

TEST_F(Workflow, RunsUnderSnakemake) {
  if (!has_program("snakemake")) GTEST_SKIP() << "this machine has no snakemake";
  write_for("snakemake");
  const Words snakemake{"snakemake", "--cores", "1", "--config", "launcher=" FOEHN_MPIEXEC " --quiet -n 1"};
  const Outcome outcome = run(snakemake);
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  expect_members();
  EXPECT_THAT(run(snakemake).err, HasSubstr("Nothing to be done"));
}

TEST_F(Workflow, RunsAJobThatFailsThreeTimesAndNoMoreUnderSnakemake) {
  if (!has_program("snakemake")) GTEST_SKIP() << "this machine has no snakemake";
  write_for("snakemake");
  const std::string name = "TOY-B_ssp585_r1i1p1f3_20501229-20501230";
  io::write_content(folder_ / "out" / "jobs" / (name + ".ini"), "[prior]\npath = nowhere\n");
  const Outcome outcome = run(
      {"snakemake", "--cores", "1", "--keep-going", "--config", "launcher=" FOEHN_MPIEXEC " --quiet -n 1"});
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_TRUE(fs::exists(folder_ / "out" / kMembers[0]));
  EXPECT_FALSE(fs::exists(folder_ / "out" / "done" / name));
  std::ifstream file(folder_ / "out" / "failed" / name);
  const std::string failures{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(std::ranges::count(failures, '\n'), 3) << failures;
}

/// What Cylc runs of a job, by bash alone: a stand-in for cylc writes down what it is asked for.
TEST_F(Workflow, AsksCylcForNoMoreTriesAfterThreeFailures) {
  write_for("cylc");
  std::ifstream file(folder_ / "out" / "cylc" / "flow.cylc");
  const std::string flow{std::istreambuf_iterator<char>(file), {}};
  const std::string begin = "script = \"\"\"", end = "\"\"\"";
  const std::size_t first = flow.find(begin) + begin.size();
  const fs::path script = folder_ / "script", asked = folder_ / "asked";
  io::write_content(script, flow.substr(first, flow.find(end, first) - first));
  io::write_content(folder_ / "foehn", "#!/bin/sh\nexit \"$CODE\"\n");
  io::write_content(folder_ / "cylc", "#!/bin/sh\necho \"$2\" >> " + asked.string() + "\n");
  for (const char* name : {"foehn", "cylc"})
    fs::permissions(folder_ / name, fs::perms::owner_exec, fs::perm_options::add);
  int tries = 0;
  const auto exit_code_of_try = [&](int code) {
    return run_command({"env", "--chdir=" + (folder_ / "").string(),
                        "PATH=" + (folder_ / "").string() + ":" + std::getenv("PATH"),
                        "CYLC_TASK_CYCLE_POINT=1", "CYLC_TASK_NAME=a", "CYLC_WORKFLOW_ID=c",
                        "CYLC_TASK_TRY_NUMBER=" + std::to_string(++tries), "CODE=" + std::to_string(code),
                        "FOEHN_LAUNCHER=env", "FOEHN=" + (folder_ / "foehn").string(), "JOB=a.ini", "bash",
                        "-euo", "pipefail", script.string()})
        .exit_code;
  };
  for (const int code : {1, 75, 75, 137, 75}) EXPECT_EQ(exit_code_of_try(code), code);
  EXPECT_FALSE(fs::exists(asked));
  EXPECT_EQ(exit_code_of_try(2), 2);  // the third failure
  EXPECT_THAT(io::content_of(asked), HasSubstr("--set=execution retry delays="));
  EXPECT_EQ(exit_code_of_try(0), 1);  // the last try: nothing is run
  EXPECT_THAT(io::content_of(asked), HasSubstr("--cancel=execution retry delays"));
  EXPECT_EQ(exit_code_of_try(0), 0);  // one that a user asks for
}

TEST_F(Workflow, RunsUnderCylc) {
  if (!has_program("cylc")) GTEST_SKIP() << "this machine has no cylc";
  write_for("cylc");
  // Cylc's jobs are login shells, which must find it again.
  io::write_content(folder_ / ".bash_profile", std::string("PATH='") + std::getenv("PATH") + "'\n");
  const Outcome installed = run({"cylc", "install", "--workflow-name=campaign", "--no-run-name", "./cylc"});
  ASSERT_EQ(installed.exit_code, 0) << installed;
  const Outcome outcome = run({"cylc", "play", "--no-detach", "campaign"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  expect_members();
}

}  // namespace
}  // namespace foehn::testing::workflow_test

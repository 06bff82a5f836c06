#include <gmock/gmock.h>

#include <chrono>
#include <limits>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::failure_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// How failures look from outside the processes; see checks/ for all that can be wrong.
class Failure : public ::testing::Test {
 protected:
  void expect(const Options& options, int exit_code, const std::string& words) {
    for (const int ranks : {0, 3}) {
      const Outcome outcome = run_foehn("sample", options, ranks);
      EXPECT_FALSE(outcome.timed_out) << outcome;
      EXPECT_EQ(outcome.exit_code, exit_code) << outcome;
      EXPECT_THAT(outcome.err, AllOf(::testing::StartsWith("foehn: error: "), HasSubstr(words)));
      EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1) << outcome;
      EXPECT_THAT(files_in(folder_ / "out"), IsEmpty());
    }
  }

  io::TemporaryFolder folder_;
};

TEST_F(Failure, OfInputEndsAllRanksWithOneLine) {
  ToyFields fields(toy_climate().observations);
  fields.field(1, 1)[0] = std::numeric_limits<float>::quiet_NaN();
  fields.write(folder_ / "bent.nc");
  Options options = toy_climate().sample_options(folder_ / "out");
  options["input.observations"] = folder_ / "bent.nc";
  expect(options, 1, "2001-01-08T06:00:00");
}

TEST_F(Failure, OfUsageEndsAllRanksWithOneLine) {
  Options options = toy_climate().sample_options(folder_ / "out");
  options["sampler.stepz"] = "8";
  expect(options, 2, "did you mean 'sampler.steps'?");
}

TEST_F(Failure, OfValuesThatRunAwayEndsAllRanksWithOneLine) {
  Options options = toy_climate().sample_options(folder_ / "out");
  options["sampler.guidance"] = "sda";
  options["observation.gamma"] = "0";  // each step goes far beyond the observations
  options["sampler.steps"] = "3";
  for (const int ranks : {1, 3}) {
    const Outcome outcome = run_foehn("sample", options, ranks);
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    // The prior is Gaussian: no training would help.
    EXPECT_THAT(
        outcome.err,
        AllOf(HasSubstr("sampling diverged: member 0, step 1 of 3, 2001-01-08T00:00:00"),
              HasSubstr("grows without bound; use more sampler.steps, a larger observation.gamma or a")));
    EXPECT_EQ(outcome.err.find("error", outcome.err.find("error") + 1), std::string::npos) << outcome;
  }
}

TEST_F(Failure, OfTheSolverEndsAllTeamsWithOneLine) {
  // Found in the middle of sampling, on all ranks of a team at once; other teams are at work meanwhile.
  Options options = toy_climate().sample_options(folder_ / "out");
  options["sampler.solver_tolerance"] = "1e-12";
  options["ensemble.ranks_per_member"] = "1";
  for (const int ranks : {1, 3}) {
    const Outcome outcome = run_foehn("sample", options, ranks);
    EXPECT_EQ(outcome.exit_code, 1) << outcome;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("foehn: error: guidance mmps at noise level t = "),
                                   HasSubstr("did not converge"), HasSubstr("sampler.solver_steps")));
    EXPECT_EQ(outcome.err.find("error", outcome.err.find("error") + 1), std::string::npos) << outcome;
    EXPECT_THAT(files_in(folder_ / "out"), ElementsAre("run.json"));
    EXPECT_THAT(io::content_of(folder_ / "out/run.json"), HasSubstr("\"state\": \"unfinished\""));
  }
}

/// One rank of three fails amid work of all: the others must not wait indefinitely.
class FaultyRank : public ::testing::TestWithParam<std::string> {};

TEST_P(FaultyRank, EndsTheJobSoon) {
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run_command({FOEHN_MPIEXEC, "--quiet", "-n", "3", FOEHN_FAULTY_RANK, GetParam()});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_FALSE(outcome.timed_out) << outcome;
  EXPECT_NE(outcome.exit_code, 0) << outcome;
  EXPECT_LT(took.count(), 20);
  if (GetParam() == "throw") {
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err, HasSubstr("foehn: error: rank 1: the disk is on fire"));
  } else if (GetParam() == "hang" || GetParam() == "stop") {
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("no progress for 2 s (run.timeout): the others wait for rank 1\n"),
                      HasSubstr("  ranks 0, 2: waiting to sum: step 3\n")));
    EXPECT_THAT(outcome.err, HasSubstr(GetParam() == "hang" ? "  rank 1: working: step 3\n"
                                                            : "  rank 1: no answer: stopped"));
  } else if (GetParam() == "device") {
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("no progress for 2 s (run.timeout): the others wait for rank 1\n"),
                      HasSubstr("  rank 1: waiting for the GPU: step 3\n")));
  } else if (GetParam() == "root") {
    EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
    EXPECT_THAT(outcome.err,
                AllOf(HasSubstr("no progress for 2 s (run.timeout): the others wait for rank 0\n"),
                      HasSubstr("  rank 0: working\n"), HasSubstr("  ranks 1, 2: waiting to agree\n")));
  } else if (GetParam() == "stop-root") {
    EXPECT_EQ(error_lines(outcome.err), 2) << outcome;
    EXPECT_THAT(
        outcome.err,
        AllOf(HasSubstr("no progress for 2 s (run.timeout), and the root, rank 0, does not answer"),
              HasSubstr("; rank 1 is waiting to agree\n"), HasSubstr("; rank 2 is waiting to agree\n")));
  }
}
INSTANTIATE_TEST_SUITE_P(
    , FaultyRank, ::testing::Values("throw", "hang", "device", "stop", "exit", "kill", "root", "stop-root"),
    [](const auto& fault) { return fault.param == "stop-root" ? "stop_root" : fault.param; });

TEST(RankAlone, IsNotHeldUpIndefinitelyByItsDevice) {
  const Outcome outcome = run_command({FOEHN_FAULTY_RANK, "device"});
  EXPECT_FALSE(outcome.timed_out) << outcome;
  EXPECT_NE(outcome.exit_code, 0) << outcome;
  EXPECT_EQ(outcome.err,
            "foehn: error: no progress for 2 s (run.timeout): held up: rank 0\n"
            "  rank 0: waiting for the GPU: step 3\n");
}

TEST(RankAtWork, IsWaitedForLongerThanTheTimeout) {
  const Outcome outcome = run_command({FOEHN_MPIEXEC, "--quiet", "-n", "3", FOEHN_FAULTY_RANK, "work"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
}

}  // namespace
}  // namespace foehn::testing::failure_test

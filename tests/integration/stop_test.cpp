// Signals and hangs at every stage of foehn sample: it stops soon, loses nothing and never waits for ever.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "io/test_files.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::stop_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr double kSoon = 15;  // seconds, on a machine with more to do

class Stop : public ::testing::Test {
 protected:
  /// Two members of steps enough to be in the midst of.
  Options long_options(const std::string& name) const {
    Options options = toy_climate().sample_options(folder_ / name);
    options["sampler.steps"] = "20000";
    options["sampler.method"] = "ddim";
    options["checkpoint.every_steps"] = "3";
    options["ensemble.members"] = "2";
    return options;
  }
  /// A member whose output takes long.
  Options large_options(const std::string& name, std::int64_t hours) const {
    Options options = toy_climate().unconditional_options(folder_ / name, hours);
    options["sampler.steps"] = "2";
    options["output.compression"] = "9";
    return options;
  }

  static bool has(const fs::path& output, const std::string& part) {
    const auto files = files_in(output);
    return std::any_of(files.begin(), files.end(),
                       [&](const std::string& file) { return file.find(part) != std::string::npos; });
  }
  static double seconds_to_end(RunningCommand& command, Outcome& outcome) {
    const auto start = std::chrono::steady_clock::now();
    outcome = command.wait(std::chrono::seconds(60));
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  static void expect_stopped_soon(RunningCommand& command) {
    Outcome outcome;
    EXPECT_LT(seconds_to_end(command, outcome), kSoon);
    EXPECT_EQ(outcome.exit_code, 75) << outcome;
    EXPECT_THAT(outcome.out, HasSubstr("run again to continue"));
    EXPECT_EQ(error_lines(outcome.err), 0) << outcome;
  }

  io::TemporaryFolder folder_;
};

TEST_F(Stop, OfOneRankIsOneOfAllTeams) {
  Options options = long_options("out");
  options["ensemble.ranks_per_member"] = "1";
  RunningCommand command = start_foehn("sample", options, 2);
  const auto both_have_begun = [&] {
    return has(folder_ / "out", "member_000/step_") && has(folder_ / "out", "member_001/step_");
  };
  command.wait_until(both_have_begun);
  const auto ranks = command.ranks();
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks.back(), SIGUSR1);
  expect_stopped_soon(command);
  EXPECT_TRUE(both_have_begun());
}

TEST_F(Stop, AmidOutputKeepsTheDrawnMembers) {
  const Options undisturbed = large_options("whole", 4000);
  ASSERT_EQ(run_foehn("sample", undisturbed, 2).exit_code, 0);
  for (const std::string ranks_per_member : {"1", "3"}) {
    const std::string name = "out_" + ranks_per_member;
    Options options = large_options(name, 4000);
    options["ensemble.members"] = ranks_per_member == "1" ? "3" : "1";
    options["ensemble.ranks_per_member"] = ranks_per_member;
    RunningCommand command = start_foehn("sample", options, 3);
    const fs::path being_written = folder_ / name / ".member_000.nc.part";
    command.wait_until([&] {
      std::error_code absent;
      const auto bytes = fs::file_size(being_written, absent);
      return !absent && bytes > 1'000'000;
    });
    for (const pid_t process : command.ranks()) kill(process, SIGUSR1);
    expect_stopped_soon(command);
    EXPECT_FALSE(fs::exists(being_written));
    EXPECT_THAT(files_in(folder_ / name), Contains("checkpoint/member_000/step_000002/manifest.json"));

    options["ensemble.ranks_per_member"] = "0";
    const Outcome rest = run_foehn("sample", options, 2);
    EXPECT_EQ(rest.exit_code, 0) << rest;
    EXPECT_THAT(rest.err, HasSubstr("member 0 continues from step 2"));
    EXPECT_THAT(netcdf_differences(folder_ / "whole/member_000.nc", folder_ / name / "member_000.nc"),
                IsEmpty());
  }
}

TEST_F(Stop, BetweenMembersTakesNoStepOfTheNext) {
  Options options = toy_climate().sample_options(folder_ / "out");
  options["ensemble.members"] = "500";
  options["sampler.steps"] = "2";
  RunningCommand command = start_foehn("sample", options, 2);
  command.wait_until([&] { return has(folder_ / "out", "member_002.nc"); });
  for (const pid_t process : command.ranks()) kill(process, SIGTERM);
  expect_stopped_soon(command);
}

/// The same through the script that passes signals on.
class StopOfLaunchScript : public Stop {
 protected:
  Words words() const { return launch_command("sample", long_options("out"), 3); }
};

TEST(PassSignals, ReturnsWhatFoehnSaysRatherThanTheLauncher) {
  // Ranks that are killed on their way out do not matter; what foehn did not live to say, the launcher says.
  struct Case {
    std::string said;
    int launcher, expected;
  };
  for (const auto& [said, launcher, expected] : {Case{"75", 75, 75}, Case{"75", 137, 75}, Case{"0", 0, 0},
                                                 Case{"running", 137, 137}, Case{"", 1, 1}}) {
    const Outcome outcome =
        run_command({"bash", "-c",
                     "source " FOEHN_SOURCE "/launch/pass_signals.sh; run_and_pass_signals sh -c 'echo $0 > "
                     "\"$FOEHN_STATUS_FILE\"; exit $1' \"$@\"",
                     "bash", said, std::to_string(launcher)});
    EXPECT_EQ(outcome.exit_code, expected) << said << ": " << outcome;
  }
}

TEST_F(StopOfLaunchScript, IsNotLostBeforeFoehnListens) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    RunningCommand command(words());
    // Once the script minds the signal; foehn does long after.
    const fs::path status = fs::path("/proc") / std::to_string(command.process()) / "status";
    command.wait_until([&] {
      const std::string text = io::content_of(status);
      const auto caught = text.find("SigCgt:");
      return caught != std::string::npos &&
             (std::strtoull(text.c_str() + caught + 7, nullptr, 16) >> (SIGUSR1 - 1) & 1) != 0;
    });
    kill(command.process(), signal);
    expect_stopped_soon(command);
  }
}

TEST_F(StopOfLaunchScript, MayBeAskedForAgainUntilTheEnd) {
  RunningCommand command(words());
  command.wait_until([&] { return has(folder_ / "out", "manifest.json"); });
  command.wait_until([&] {
    kill(command.process(), SIGTERM);
    return false;
  });
  expect_stopped_soon(command);
}

TEST_F(Stop, DropsNoCorrectionOfAStep) {
  Options options = toy_climate().sample_options(folder_ / "whole");
  options["sampler.steps"] = "1";
  options["sampler.method"] = "ddim";
  options["sampler.guidance"] = "sda";
  options["sampler.corrections"] = "200";
  options["sampler.tau"] = "0.01";
  ASSERT_EQ(run_foehn("sample", options, 2).exit_code, 0);
  options["checkpoint.every_minutes"] = "0.0001";
  options["output.directory"] = folder_ / "out";
  RunningCommand command = start_foehn("sample", options, 2);
  command.wait_until([&] { return has(folder_ / "out", "manifest.json"); });
  for (const pid_t process : command.ranks()) kill(process, SIGUSR1);
  expect_stopped_soon(command);
  const Outcome rest = run_foehn("sample", options, 1);
  ASSERT_EQ(rest.exit_code, 0) << rest;
  EXPECT_THAT(rest.err, HasSubstr("continues from step 0"));
  EXPECT_THAT(netcdf_differences(folder_ / "whole/member_000.nc", folder_ / "out/member_000.nc"), IsEmpty());
}

TEST_F(Stop, IsForcedWhereATeamHangs) {
  Options options = long_options("out");
  options["ensemble.ranks_per_member"] = "1";
  options["run.timeout"] = "0.05";
  RunningCommand command = start_foehn("sample", options, 2);
  command.wait_until([&] { return has(folder_ / "out", "member_001/step_"); });
  const auto ranks = command.ranks();
  ASSERT_EQ(ranks.size(), 2U);
  kill(ranks.back(), SIGSTOP);
  Outcome outcome;
  EXPECT_LT(seconds_to_end(command, outcome), 3 + kSoon);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_THAT(outcome.err,
              AllOf(HasSubstr("(run.timeout): the others wait for rank 1"), HasSubstr("  rank 0: "),
                    HasSubstr("sample, member 0, step "), HasSubstr("  rank 1: no answer: stopped")));
}

TEST_F(Stop, IsNotForcedByLongOutput) {
  Options options = large_options("out", 12000);
  options["run.timeout"] = "0.05";
  const auto start = std::chrono::steady_clock::now();
  const Outcome outcome = run_foehn("sample", options, 3);
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_GT(took.count(), 4);  // else nothing is tested
}

}  // namespace
}  // namespace foehn::testing::stop_test

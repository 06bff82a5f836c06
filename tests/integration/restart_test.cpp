// Stops and kills foehn sample in every way, and goes on: nothing may be lost and no bit may change.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>

#include "io/test_files.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::restart_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Restart : public ::testing::Test {
 protected:
  /// The members of a run that nothing disturbs.
  static void SetUpTestSuite() {
    shared_ = new io::TemporaryFolder;
    const Outcome outcome = run_foehn("sample", options_in(*shared_ / "whole"), 2);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  static void TearDownTestSuite() { delete shared_; }

  static Options options_in(const fs::path& output) {
    Options result = toy_climate().sample_options(output);
    result["sampler.steps"] = "60";
    result["checkpoint.every_steps"] = "3";
    result["ensemble.members"] = "2";
    return result;
  }
  Options options(const std::string& name) const { return options_in(folder_ / name); }

  static std::vector<std::string> differences(const fs::path& folder, const std::string& member) {
    return netcdf_differences(*shared_ / ("whole/" + member), folder / member);
  }
  static void expect_undisturbed(const fs::path& folder) {
    EXPECT_THAT(files_in(folder), ElementsAre("member_000.nc", "member_001.nc", "run.json"));
    for (const char* member : {"member_000.nc", "member_001.nc"})
      EXPECT_THAT(differences(folder, member), IsEmpty()) << member;
  }
  static bool has_checkpoint(const fs::path& output) {
    const auto files = files_in(output);
    return std::any_of(files.begin(), files.end(),
                       [](const std::string& file) { return file.ends_with("manifest.json"); });
  }
  static void wait_for_checkpoint(const fs::path& output, const RunningCommand& command) {
    command.wait_until([&] { return has_checkpoint(output); });
  }
  /// Starts a run, sends a signal to all its ranks after the first checkpoint and waits for its end.
  Outcome signalled(const std::string& name, int ranks, int signal) {
    RunningCommand command = start_foehn("sample", options(name), ranks);
    wait_for_checkpoint(folder_ / name, command);
    for (const pid_t process : command.ranks()) kill(process, signal);
    return command.wait();
  }

  static io::TemporaryFolder* shared_;
  io::TemporaryFolder folder_;
};

io::TemporaryFolder* Restart::shared_ = nullptr;

TEST_F(Restart, SurvivesKillsAtRandomMomentsOnRandomNumbersOfRanks) {
  const char* wanted = std::getenv("FOEHN_KILLS");
  const int kills = wanted != nullptr ? std::atoi(wanted) : 8;
  const fs::path output = folder_ / "killed";
  std::mt19937 random(20261121);
  const auto below = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
  int survived = 0, from_checkpoint = 0;
  for (int i = 0; i < kills; ++i) {
    if (has_checkpoint(output)) ++from_checkpoint;
    RunningCommand command = start_foehn("sample", options("killed"), 1 + below(3));
    // Half of them once there is something to go on from, the others whenever it may be.
    if (below(2) == 0) wait_for_checkpoint(output, command);
    std::this_thread::sleep_for(std::chrono::milliseconds(below(1500)));
    const std::vector<pid_t> processes = command.ranks();
    const bool all = below(2) == 0;
    const auto victim =
        processes.empty() ? 0 : static_cast<std::size_t>(below(static_cast<int>(processes.size())));
    for (std::size_t rank = 0; rank < processes.size(); ++rank)
      if (all || rank == victim) kill(processes[rank], SIGKILL);
    const Outcome outcome = command.wait();
    EXPECT_FALSE(outcome.timed_out) << outcome;
    // What has a final name is whole.
    for (const std::string& file : files_in(output))
      EXPECT_TRUE(!file.starts_with("member_") || differences(output, file).empty()) << file;
    if (outcome.exit_code == 0)
      fs::remove_all(output);
    else
      ++survived;
  }
  const Outcome last = run_foehn("sample", options("killed"), 3);
  EXPECT_EQ(last.exit_code, 0) << last;
  expect_undisturbed(output);
  EXPECT_GE(survived, kills / 2);
  EXPECT_GE(from_checkpoint, kills / 4);
  std::cout << survived << " kills survived, " << from_checkpoint << " runs went on from a checkpoint\n";
}

TEST_F(Restart, StopsOnASignalAndGoesOn) {
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) {
    const std::string name = "signal_" + std::to_string(signal);
    const Outcome stopped = signalled(name, 3, signal);
    ASSERT_EQ(stopped.exit_code, 75) << stopped;
    EXPECT_THAT(stopped.out, HasSubstr("run again to continue"));
    EXPECT_THAT(files_in(folder_ / name), Contains(HasSubstr("manifest.json")));
    EXPECT_THAT(io::content_of(folder_ / name / "run.json"), HasSubstr("\"state\": \"stopped\""));
    const Outcome rest = run_foehn("sample", options(name), 2);
    ASSERT_EQ(rest.exit_code, 0) << rest;
    EXPECT_THAT(rest.err, HasSubstr("continues from step"));
    expect_undisturbed(folder_ / name);
  }
}

TEST_F(Restart, IsAskedForByTheLaunchScript) {
  RunningCommand command(launch_command("sample", options("launched"), 3));
  wait_for_checkpoint(folder_ / "launched", command);
  kill(command.process(), SIGTERM);
  const Outcome stopped = command.wait();
  ASSERT_EQ(stopped.exit_code, 75) << stopped;
  EXPECT_EQ(run_foehn("sample", options("launched")).exit_code, 0);
  expect_undisturbed(folder_ / "launched");
}

TEST_F(Restart, SkipsMembersThatAreThere) {
  Options run = options("out");
  run["sampler.steps"] = "8";
  run["ensemble.members"] = "1";
  ASSERT_EQ(run_foehn("sample", run, 2).exit_code, 0);
  const auto time = fs::last_write_time(folder_ / "out/member_000.nc");
  run["ensemble.members"] = "2";
  const Outcome more = run_foehn("sample", run, 2);
  EXPECT_EQ(more.exit_code, 0) << more;
  EXPECT_THAT(more.err, HasSubstr("1 member is already in"));
  EXPECT_EQ(fs::last_write_time(folder_ / "out/member_000.nc"), time);
  EXPECT_THAT(run_foehn("sample", run).out, HasSubstr("nothing to do"));
  Options spelled_out = run;
  spelled_out["time.start"] = "2001-01-08T00:00:00";
  EXPECT_THAT(run_foehn("sample", spelled_out).out, HasSubstr("nothing to do"));
  Options beside = run;
  beside["ensemble.first_member"] = "2";
  EXPECT_THAT(run_foehn("sample", beside, 0, {"--validate-only"}).err, Not(HasSubstr("by a different run")));
  beside["ensemble.seed"] = "4";
  EXPECT_THAT(run_foehn("sample", beside, 0, {"--validate-only"}).err,
              AllOf(HasSubstr("by a different run"), HasSubstr("ensemble.seed: 3 there, 4 here")));

  run["sampler.steps"] = "9";
  const Outcome refused = run_foehn("sample", run, 2);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("member_000.nc"), HasSubstr("sampler.steps: 8 there, 9 here"),
                                 HasSubstr("checkpoint.restart")));
  run["checkpoint.restart"] = "true";
  EXPECT_EQ(run_foehn("sample", run, 2).exit_code, 0);
  EXPECT_NE(fs::last_write_time(folder_ / "out/member_000.nc"), time);
}

TEST_F(Restart, KeepsTheFolderForOneWriter) {
  Options run = options("out");
  run["sampler.steps"] = "5000";
  RunningCommand first = start_foehn("sample", run, 2);
  wait_for_checkpoint(folder_ / "out", first);
  const Outcome second = run_foehn("sample", run);
  EXPECT_EQ(second.exit_code, 1) << second;
  EXPECT_THAT(second.err, AllOf(HasSubstr("another run writes here"), HasSubstr("process ")));
  // Nor may one that only looks disturb it.
  EXPECT_THAT(run_foehn("sample", run, 0, {"--validate-only"}).err, HasSubstr("another run writes here"));
  for (const pid_t process : first.ranks()) kill(process, SIGKILL);
  first.wait();
  EXPECT_THAT(files_in(folder_ / "out"), Contains(".foehn_lock"));  // of a dead run
  run["sampler.steps"] = "8";
  run["checkpoint.restart"] = "true";
  const Outcome third = run_foehn("sample", run);
  EXPECT_EQ(third.exit_code, 0) << third;
  EXPECT_THAT(files_in(folder_ / "out"), Not(Contains(".foehn_lock")));
}

TEST_F(Restart, RemovesCheckpointsAlone) {
  Options run = options("out");
  run["sampler.steps"] = "8";
  run["ensemble.members"] = "1";
  run["checkpoint.directory"] = folder_ / "scratch";
  fs::create_directories(folder_ / "scratch/member_000");
  const std::vector<std::string> mine{"member_000/notes.txt", "thesis.txt"};
  for (const std::string& file : mine) io::write_content(folder_ / ("scratch/" + file), "mine");
  for (const char* restart : {"false", "true"}) {
    run["checkpoint.restart"] = restart;
    const Outcome outcome = run_foehn("sample", run, 2);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    EXPECT_EQ(files_in(folder_ / "scratch"), mine);
  }
}

TEST_F(Restart, FinishesWhatDiedAfterItsLastMember) {
  Options run = options("out");
  run["sampler.steps"] = "8";
  run["ensemble.members"] = "1";
  ASSERT_EQ(run_foehn("sample", run, 2).exit_code, 0);
  const fs::path record = folder_ / "out/run.json";
  std::string text = io::content_of(record);
  text.replace(text.find("\"done\""), 6, "\"unfinished\"");
  io::write_content(record, text);
  fs::create_directories(folder_ / "out/checkpoint/member_000/step_000003");
  EXPECT_EQ(run_foehn("sample", run, 2).exit_code, 0);
  EXPECT_THAT(io::content_of(record), HasSubstr("\"state\": \"done\""));
  EXPECT_FALSE(fs::exists(folder_ / "out/checkpoint"));
}

TEST_F(Restart, RefusesACheckpointOfOtherOptions) {
  ASSERT_EQ(signalled("out", 2, SIGUSR1).exit_code, 75);
  Options run = options("out");
  run["ensemble.seed"] = "4";
  EXPECT_THAT(run_foehn("sample", run, 0, {"--validate-only"}).err,
              HasSubstr("ensemble.seed: 3 there, 4 here"));
  for (const int ranks : {0, 3}) {
    const Outcome refused = run_foehn("sample", run, ranks);
    EXPECT_EQ(refused.exit_code, 1) << refused;
    EXPECT_EQ(error_lines(refused.err), 1) << refused;
    EXPECT_THAT(refused.err, AllOf(HasSubstr("checkpoint"), HasSubstr("ensemble.seed: 3 there, 4 here")));
  }
}

}  // namespace
}  // namespace foehn::testing::restart_test

#include "foehn/service/report.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "claim_of.hpp"
#include "io/test_files.hpp"
#include "unsteady_file_system.hpp"

namespace foehn::service::report_test {
namespace {

using foehn::testing::claim_of;
using foehn::testing::put;
using foehn::testing::UnsteadyFileSystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    spool_.make();
    const Claim claim = claim_of("one", "a");
    put(spool_, claim.ticket, "text");
    EXPECT_TRUE(spool_.take(claim));
    disk().make_folder(spool_.services() / "one");
  }
  /// The service's last sign of life, every 10 s.
  void beat(const std::string& machine, double seconds_ago) const {
    disk().overwrite(
        spool_.services() / "one" / "beat",
        fmt::format(R"({{"count": 3, "machine": "{}", "time": {}, "seconds": 10, "job": "a", "done": 3,
                         "total": 8, "unit": "steps", "seconds_left": 50}})",
                    machine, seconds_since_1970() - seconds_ago));
  }
  std::string text() const { return list_text(report_on(spool_).jobs); }

  io::TemporaryFolder folder_;
  UnsteadyFileSystem files_;
  Spool spool_{files_, folder_ / "spool"};
};

TEST_F(ReportTest, TellsADeadServiceOfThisMachineAtOnce) {
  beat(machine_identity(), 5);
  auto lock = disk().try_lock(spool_.services() / "one");
  EXPECT_EQ(text(), "claimed  a  500  37 %, 3 of 8 steps, 50 s left; by one\n");
  beat(machine_identity(), 3600);  // slow, but its lock is held
  EXPECT_THAT(text(), HasSubstr("50 s left; by one\n"));
  lock.reset();
  EXPECT_THAT(text(),
              AllOf(HasSubstr("37 %, 3 of 8 steps; by one, which is gone (last sign of life 1 h"),
                    HasSubstr("ago); the next service takes the job over\n"), Not(HasSubstr("left;"))));
  const auto job = to_json(report_on(spool_))["jobs"][0];
  EXPECT_NEAR(job["silent_seconds"].get<double>(), 3600, 100);
  EXPECT_EQ(job["service_is_gone"], true);
}

TEST_F(ReportTest, TellsAServiceOfAnotherMachineByItsLateBeats) {
  beat("another machine", 25);
  EXPECT_THAT(text(), Not(HasSubstr("no sign of life")));
  beat("another machine", 65);
  EXPECT_THAT(text(), HasSubstr("no sign of life for 1 min"));
  beat("another machine", -3600);  // its clock is ahead
  EXPECT_THAT(text(), Not(HasSubstr("no sign of life")));
}

TEST_F(ReportTest, SaysSoWhereAServiceLeftOnlyItsClaim) {
  EXPECT_THAT(text(), HasSubstr("by one, which left no sign of life"));
}

TEST_F(ReportTest, ListsAFileThatAUserPutIntoTheQueue) {
  io::write_content(spool_.folder(State::queued) / "mine.ini", "text");
  EXPECT_THAT(text(), HasSubstr("queued   mine  500  put here by hand"));
  EXPECT_THAT(progress_text(report_on_progress(spool_)),
              HasSubstr("1 queued, 1 being run, 0 held, 0 failed, 0 done\n"));
}

TEST_F(ReportTest, AddsUpTheEnergyThatMachinesTellOf) {
  const auto summary = [&](const std::string& lines) {
    io::write_content(spool_.journals() / "one.jsonl", lines);
    return summary_text(report_on(spool_).summary);
  };
  EXPECT_THAT(summary(R"({"time": 1, "event": "started"})"), Not(HasSubstr("energy")));
  const std::string silent =
      R"({"time": 2, "event": "done", "job": "a", "seconds": 9, "years": 2, "device": "cpu"})";
  EXPECT_THAT(summary(silent), HasSubstr("energy, processors    unknown: the machines do not tell"));
  const std::string told =
      R"({"time": 3, "event": "done", "job": "b", "seconds": 9, "years": 4, "device": "cuda",
          "processors_joules": 7.2e6, "gpus_joules": 3.6e6})";
  std::string line = told;
  std::erase(line, '\n');
  EXPECT_THAT(summary(silent + "\n" + line + "\n"),
              AllOf(HasSubstr("energy, processors    2 kWh, 1.8 MJ per simulated year (1 of 2 runs; "),
                    HasSubstr("energy, GPUs          1 kWh, 0.9 MJ per simulated year\n")));
  const auto json = to_json(report_on(spool_))["summary"];
  EXPECT_EQ(json["energy_of_processors"]["joules_per_simulated_year"], 1.8e6);
  EXPECT_EQ(json["energy_of_gpus"]["metered"], 1);
}

TEST_F(ReportTest, CountsTheProcessorsOfAHostOnce) {
  const auto joules = [&](const std::vector<std::string>& runs) {
    std::string lines;
    for (const std::string& run : runs) lines += R"({"event": "done", "years": 1, )" + run + "}\n";
    io::write_content(spool_.journals() / "one.jsonl", lines);
    return to_json(report_on(spool_))["summary"]["energy_of_processors"]["joules"].get<double>();
  };
  // 100 W from 1000 to 1010 and 120 W from 1005 to 1015: between 1005 and 1010 both metered the same 110 W.
  const std::string one = R"("time": 1010, "seconds": 10, "processors_joules": 1000, "hosts": ["n1"])";
  const std::string other = R"("time": 1015, "seconds": 10, "processors_joules": 1200, "hosts": ["n1"])";
  EXPECT_NEAR(joules({one, other}), 5 * 100 + 5 * 110 + 5 * 120, 1e-6);
  const std::string beside = R"("time": 1015, "seconds": 10, "processors_joules": 1200, "hosts": ["n2"])";
  EXPECT_NEAR(joules({one, beside}), 2200, 1e-6);
  // Half of the 120 W on each of two hosts: on n1 (100 + 60)/2 W are counted for 5 s.
  const std::string wide = R"("time": 1015, "seconds": 10, "processors_joules": 1200, "hosts": ["n1", "n2"])";
  EXPECT_NEAR(joules({one, wide}), 5 * 100 + 5 * 80 + 5 * 60 + 600, 1e-6);
  const std::string later = R"("time": 2000, "seconds": 10, "processors_joules": 50, "hosts": ["n1"])";
  EXPECT_NEAR(joules({one, later}), 1050, 1e-6);
  const std::string unnamed = R"("time": 1010, "seconds": 10, "processors_joules": 1000)";
  EXPECT_NEAR(joules({unnamed, unnamed}), 2000, 1e-6);
}

TEST_F(ReportTest, ReadsNoJournalForProgress) {
  for (int i = 0; i < 20; ++i) io::write_content(spool_.journals() / fmt::format("{}.jsonl", i), "{}\n");
  files_.calls.clear();
  report_on_progress(spool_);
  EXPECT_EQ(files_.calls["read"], 1);  // the beat of the one service
}

}  // namespace
}  // namespace foehn::service::report_test

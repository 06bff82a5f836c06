// Services that are stopped, killed and asked to let go of a job.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "io/test_files.hpp"
#include "job_file.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::service_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Service : public ::testing::Test {
 protected:
  /// Two members of steps enough to be in the midst of.
  Options long_options(const std::string& name, int steps = 300) const {
    Options options = toy_climate().sample_options(folder_ / name);
    options["sampler.steps"] = std::to_string(steps);
    options["sampler.method"] = "ddim";
    options["sampler.guidance"] = "sda";
    options["checkpoint.every_steps"] = "20";
    options["ensemble.members"] = "2";
    return options;
  }
  void submit(const std::string& name, const Options& options) const {
    const Outcome outcome =
        run_foehn("submit", {}, 0, {spool(), write_job(folder_ / (name + ".ini"), options)});
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  RunningCommand serve(int ranks) const {
    return start_foehn("serve",
                       {{"spool", spool()},
                        {"service.until_empty", "true"},
                        {"service.beat", "0.2"},
                        {"service.patience", "0.05"}},
                       ranks);
  }
  Outcome jobs(const Words& words) const {
    Words all{spool()};
    all.insert(all.end(), words.begin(), words.end());
    return run_foehn("jobs", {}, 0, all);
  }
  std::map<std::string, nlohmann::json> states() const {
    std::map<std::string, nlohmann::json> found;
    const nlohmann::json all = nlohmann::json::parse(jobs({"--json"}).out);
    for (const auto& job : all["jobs"]) found[job["name"]] = job;
    return found;
  }
  /// Waits until a service has written a newer checkpoint of a job than there was.
  void wait_for_progress(const RunningCommand& service, const std::string& name) const {
    const auto checkpoints = [&] {
      std::vector<std::string> files = files_in(folder_ / name / "checkpoint");
      std::erase_if(files, [](const std::string& file) { return !file.ends_with("manifest.json"); });
      return files;
    };
    const auto before = checkpoints();
    service.wait_until([&] { return !checkpoints().empty() && checkpoints() != before; });
  }
  std::string spool() const { return folder_ / "spool"; }

  io::TemporaryFolder folder_;
};

TEST_F(Service, IsReplacedByAnotherAfterAStopAndAfterAKill) {
  const Options options = long_options("job");
  submit("job", options);

  RunningCommand stopped = serve(2);
  wait_for_progress(stopped, "job");
  for (const pid_t process : stopped.ranks()) kill(process, SIGUSR1);
  const Outcome stop = stopped.wait(std::chrono::seconds(60));
  EXPECT_EQ(stop.exit_code, 75) << stop;
  EXPECT_TRUE(fs::exists(folder_ / "spool/queued/500-00000001-job.0.ini")) << stop;

  RunningCommand killed = serve(2);
  wait_for_progress(killed, "job");
  for (const pid_t process : killed.ranks()) kill(process, SIGKILL);
  EXPECT_NE(killed.wait(std::chrono::seconds(60)).exit_code, 0);
  EXPECT_EQ(files_in(folder_ / "spool/claimed").size(), 1U);

  const Outcome last = serve(1).wait(std::chrono::seconds(120));
  EXPECT_EQ(last.exit_code, 0) << last;
  EXPECT_THAT(last.err, AllOf(HasSubstr("is dead; crash 1 of 3"), HasSubstr("continues from step"),
                              HasSubstr("job job: done")));
  EXPECT_TRUE(fs::exists(folder_ / "spool/done/500-00000001-job.1.ini"));
  EXPECT_THAT(jobs({"--summary"}).out, HasSubstr("crashes of services   1"));

  Options alone = options;
  alone["output.directory"] = folder_ / "alone";
  ASSERT_EQ(run_foehn("sample", alone).exit_code, 0);
  for (const std::string member : {"member_000.nc", "member_001.nc"})
    EXPECT_THAT(netcdf_differences(folder_ / "alone" / member, folder_ / "job" / member), IsEmpty());
}

TEST_F(Service, LetsGoOfAJobThatIsCancelledAndGoesOn) {
  submit("long", long_options("long", 100000));
  Options more = toy_climate().sample_options(folder_ / "short");
  submit("short", more);
  RunningCommand service = serve(2);
  wait_for_progress(service, "long");
  EXPECT_THAT(jobs({}).out,
              ::testing::ContainsRegex("claimed  long +500  [0-9]+ %, [0-9]+ of 200000 steps, .* left; by "));
  const Outcome cancelled = jobs({"--cancel", "long"});
  EXPECT_EQ(cancelled.exit_code, 0) << cancelled;
  const Outcome outcome = service.wait(std::chrono::seconds(60));
  EXPECT_EQ(outcome.exit_code, 0) << outcome;
  EXPECT_THAT(outcome.err, HasSubstr("job long: ended, but it was cancelled, held or taken over meanwhile"));
  auto state = states();
  EXPECT_EQ(state["long"]["state"], "failed");
  EXPECT_EQ(state["long"]["message"], "cancelled");
  EXPECT_EQ(state["short"]["state"], "done");
  EXPECT_FALSE(fs::exists(folder_ / "long/member_000.nc"));
}

TEST_F(Service, SharesASpoolWithAnother) {
  for (int i = 0; i < 6; ++i) {
    Options options = toy_climate().sample_options(folder_ / std::to_string(i));
    options["ensemble.seed"] = std::to_string(i);
    submit("job" + std::to_string(i), options);
  }
  RunningCommand one = serve(1), two = serve(2);
  for (RunningCommand* service : {&one, &two}) {
    const Outcome outcome = service->wait(std::chrono::seconds(120));
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
  }
  EXPECT_EQ(files_in(folder_ / "spool/done").size(), 6U);
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(fs::exists(folder_ / std::to_string(i) / "member_000.nc"));
}

}  // namespace
}  // namespace foehn::testing::service_test

// The job script under a real Slurm, of two nodes on this machine.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>
#include <regex>

#include "installation.hpp"
#include "io/test_files.hpp"
#include "job_file.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "slurm_cluster.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::slurm_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Slurm : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const std::vector<std::string> missing = SlurmCluster::missing_programs();
    if (!missing.empty()) {
      why_not_ = "this machine has no " + missing.front();
      return;
    }
    installed_ = std::make_unique<Installation>();
    try {
      cluster_ = std::make_unique<SlurmCluster>();
    } catch (const std::exception& error) {
      std::cout << error.what() << std::endl;
      why_not_ = "Slurm does not start on this machine";
    }
  }
  static void TearDownTestSuite() {
    cluster_.reset();
    installed_.reset();
  }
  void SetUp() override {
    if (!cluster_) GTEST_SKIP() << why_not_;
  }

  /// Options for a run that takes about a second per member.
  Options options() const {
    Options options = toy_climate().sample_options(folder_ / "members");
    options["sampler.steps"] = "60";
    return options;
  }
  /// Options for a run that tests do not wait for.
  Options endless_options() const {
    Options endless = options();
    endless["sampler.steps"] = "100000";
    endless["checkpoint.every_steps"] = "3";
    return endless;
  }
  /// Queues slurm/sample.sbatch with a configuration file of these options and more words after it.
  std::string submit(const Words& sbatch_options, const Options& options, const Words& more = {}) const {
    std::string configuration;
    for (const auto& [name, value] : options) {
      const auto dot = name.find('.');
      configuration += fmt::format("[{}]\n{} = {}\n", name.substr(0, dot), name.substr(dot + 1), value);
    }
    io::write_content(folder_ / "job.ini", configuration);
    Words words{"job.ini"};
    words.insert(words.end(), more.begin(), more.end());
    return submit_script("slurm/sample.sbatch", sbatch_options, words);
  }
  std::string submit_script(const std::string& script, const Words& sbatch_options,
                            const Words& arguments) const {
    Words words{"--partition=foehn", "--ntasks-per-node=1", "--cpus-per-task=1", "--output=log-%j.txt"};
    words.insert(words.end(), sbatch_options.begin(), sbatch_options.end());
    words.push_back(installed_->shared(script));
    words.insert(words.end(), arguments.begin(), arguments.end());
    return cluster_->submit(words, folder_ / "");
  }
  std::string log(const std::string& job) const { return io::content_of(folder_ / ("log-" + job + ".txt")); }
  std::string restarts(const std::string& job) const { return cluster_->job(job).at("Restarts"); }
  void wait_for_checkpoint(const std::string& job) const {
    EXPECT_TRUE(holds_within(std::chrono::seconds(60), [&] {
      const auto files = files_in(folder_ / "members");
      return std::any_of(files.begin(), files.end(),
                         [](const std::string& file) { return file.ends_with("manifest.json"); });
    })) << log(job);
  }
  /// The same member, drawn without Slurm.
  void expect_undisturbed(const std::string& member, Options options) const {
    options["output.directory"] = folder_ / "undisturbed";
    options["ensemble.first_member"] = std::to_string(std::stoi(member));
    options["ensemble.members"] = "1";
    const Outcome outcome = run_foehn("sample", options);
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
    const std::string file = "member_" + member + ".nc";
    EXPECT_THAT(netcdf_differences(folder_ / "undisturbed" / file, folder_ / "members" / file), IsEmpty())
        << member;
  }

  static std::unique_ptr<Installation> installed_;
  static std::unique_ptr<SlurmCluster> cluster_;
  static std::string why_not_;
  io::TemporaryFolder folder_;
};

std::unique_ptr<Installation> Slurm::installed_;
std::unique_ptr<SlurmCluster> Slurm::cluster_;
std::string Slurm::why_not_;

TEST_F(Slurm, SharesATrajectoryBetweenTwoNodes) {
  const std::string job = submit({"--nodes=2", "--time=60"}, options(), {"--ensemble.members", "2"});
  EXPECT_EQ(cluster_->wait(job), "COMPLETED") << log(job);
  EXPECT_EQ(cluster_->job(job).at("NodeList"), "node[1-2]");
  const auto record = nlohmann::json::parse(io::content_of(folder_ / "members/run.json"));
  EXPECT_EQ(record["state"], "done");
  EXPECT_EQ(record["ranks"], 2);
  for (const std::string member : {"000", "001"}) expect_undisturbed(member, options());
}

TEST_F(Slurm, GoesOnAfterItsTimeLimit) {
  // More members than there is time for. Slurm looks for jobs near their end every half a minute.
  Options many = options();
  many["ensemble.members"] = "1000";
  many["checkpoint.every_steps"] = "3";
  const std::string job =
      submit({"--nodes=2", "--time=1", "--signal=B:USR1@59"}, many, {"--checkpoint.restart", "true"});
  ASSERT_TRUE(holds_within(std::chrono::seconds(90), [&] { return restarts(job) != "0"; })) << log(job);
  ASSERT_TRUE(holds_within(std::chrono::seconds(150), [&] {
    return log(job).find("continues from step") != std::string::npos;
  })) << log(job);
  std::smatch found;
  const std::string said = log(job);
  ASSERT_TRUE(std::regex_search(said, found, std::regex("member (\\d+) continues from step")));
  const std::string member = fmt::format("{:03}", std::stoi(found[1]));
  ASSERT_TRUE(holds_within(std::chrono::seconds(60), [&] {
    return fs::exists(folder_ / ("members/member_" + member + ".nc"));
  })) << log(job);
  expect_undisturbed(member, options());
  cluster_->cancel(job);
}

TEST_F(Slurm, StaysCancelledUntilItIsSubmittedAgain) {
  const std::string job = submit({"--nodes=2", "--time=60"}, endless_options());
  wait_for_checkpoint(job);
  EXPECT_EQ(cluster_->cancel(job), "CANCELLED") << log(job);
  EXPECT_EQ(restarts(job), "0");
  EXPECT_THAT(log(job),
              AllOf(HasSubstr("stopped with a checkpoint"), HasSubstr("not put back in the queue")));

  const std::string again = submit({"--nodes=1", "--time=60"}, endless_options());
  EXPECT_TRUE(holds_within(std::chrono::seconds(60), [&] {
    return log(again).find("member 0 continues from step") != std::string::npos;
  })) << log(again);
  cluster_->cancel(again);
}

TEST_F(Slurm, LeavesANodeThatIsDrained) {
  Options long_run = options();
  long_run["sampler.steps"] = "300";
  long_run["checkpoint.every_steps"] = "3";
  const std::string job = submit({"--nodes=1", "--time=60"}, long_run);
  wait_for_checkpoint(job);
  const std::string node = cluster_->job(job).at("NodeList");
  ASSERT_EQ(cluster_->run({"scontrol", "update", "NodeName=" + node, "State=DRAIN", "Reason=test"}).exit_code,
            0);
  ASSERT_EQ(cluster_->run({"scancel", "--signal=USR1", "--batch", job}).exit_code, 0);
  EXPECT_EQ(cluster_->wait(job), "COMPLETED") << log(job);
  EXPECT_EQ(restarts(job), "1");
  EXPECT_NE(cluster_->job(job).at("NodeList"), node);
  EXPECT_THAT(log(job), HasSubstr("member 0 continues from step"));
  EXPECT_EQ(cluster_->run({"scontrol", "update", "NodeName=" + node, "State=RESUME"}).exit_code, 0);
  expect_undisturbed("000", long_run);
}

TEST_F(Slurm, GoesOnAfterItsNodeIsLost) {
  Options long_run = options();
  long_run["sampler.steps"] = "300";
  long_run["checkpoint.every_steps"] = "3";
  const std::string job = submit({"--nodes=1", "--time=60"}, long_run);
  wait_for_checkpoint(job);
  const std::string node = cluster_->job(job).at("NodeList");
  std::smatch process;
  const std::string holder = io::content_of(folder_ / "members/.foehn_lock");
  ASSERT_TRUE(std::regex_search(holder, process, std::regex("process (\\d+) on "))) << holder;
  // As where the power fails: no process of the job has the time to write a checkpoint.
  ASSERT_EQ(cluster_->run({"scontrol", "update", "NodeName=" + node, "State=DOWN", "Reason=test"}).exit_code,
            0);
  ASSERT_EQ(::kill(std::stoi(process[1]), SIGKILL), 0);
  EXPECT_EQ(cluster_->wait(job), "COMPLETED") << log(job);
  EXPECT_EQ(restarts(job), "1");
  EXPECT_NE(cluster_->job(job).at("NodeList"), node);
  EXPECT_THAT(log(job), HasSubstr("member 0 continues from step"));
  EXPECT_EQ(cluster_->run({"scontrol", "update", "NodeName=" + node, "State=RESUME"}).exit_code, 0);
  expect_undisturbed("000", long_run);
}

TEST_F(Slurm, EndsWithFoehnsExitCode) {
  const std::string unknown = submit({"--nodes=1", "--time=60"}, options(), {"--no.such_option", "1"});
  EXPECT_EQ(cluster_->wait(unknown), "FAILED") << log(unknown);
  EXPECT_EQ(cluster_->job(unknown).at("ExitCode"), "2:0");
  EXPECT_EQ(restarts(unknown), "0");
  EXPECT_THAT(log(unknown), HasSubstr("no.such_option"));
}

TEST_F(Slurm, StopsRestartingAtSomeTime) {
  const std::string job =
      submit({"--nodes=1", "--time=60", "--export=ALL,FOEHN_MOST_RESTARTS=0"}, endless_options());
  wait_for_checkpoint(job);
  ASSERT_EQ(cluster_->run({"scancel", "--signal=USR1", "--batch", job}).exit_code, 0);
  EXPECT_EQ(cluster_->wait(job), "FAILED") << log(job);
  EXPECT_EQ(cluster_->job(job).at("ExitCode"), "75:0");
  EXPECT_THAT(log(job), HasSubstr("FOEHN_MOST_RESTARTS"));
}

TEST_F(Slurm, TakesOverFromAServiceOfAnArrayThatIsKilled) {
  const std::string spool = folder_ / "spool";
  const auto queue = [&](const std::string& name, const Options& job) {
    const Outcome outcome = run_foehn("submit", {}, 0, {spool, write_job(folder_ / (name + ".ini"), job)});
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  };
  Options long_run = options();
  long_run["sampler.steps"] = "300";
  long_run["checkpoint.every_steps"] = "3";
  queue("long", long_run);
  const std::string array =
      submit_script("slurm/serve.sbatch", {"--array=1-2", "--nodes=1", "--time=60", "--output=log-%A_%a.txt"},
                    {spool, "--service.beat", "0.2", "--service.patience", "0.05"});
  const std::string elements[] = {array + "_1", array + "_2"};
  wait_for_checkpoint(elements[0]);

  // Either of the two has the job: its process is killed, as by a node that fails.
  const bool is_second = log(elements[1]).find("job long: ") != std::string::npos;
  const std::string &killed = elements[is_second ? 1 : 0], &other = elements[is_second ? 0 : 1];
  ASSERT_THAT(log(killed), HasSubstr("job long: "));
  std::smatch service;
  const std::string said = log(killed);
  ASSERT_TRUE(std::regex_search(said, service, std::regex("service \\S+-(\\d+) works through")));
  ASSERT_EQ(::kill(std::stoi(service[1]), SIGKILL), 0);
  EXPECT_EQ(cluster_->wait(killed), "FAILED") << log(killed);
  EXPECT_EQ(restarts(killed), "0");
  const auto done = [&] { return files_in(folder_ / "spool/done").size(); };
  ASSERT_TRUE(holds_within(std::chrono::seconds(90), [&] { return done() == 1; })) << log(other);
  EXPECT_THAT(log(other), AllOf(HasSubstr("is dead; crash 1 of 3"), HasSubstr("continues from step")));
  expect_undisturbed("000", long_run);

  // The one that is left leaves its node when asked to, comes back, and goes on.
  ASSERT_EQ(cluster_->run({"scancel", "--signal=USR1", "--batch", other}).exit_code, 0);
  ASSERT_TRUE(holds_within(std::chrono::seconds(60), [&] { return restarts(other) == "1"; })) << log(other);
  Options next = options();
  next["output.directory"] = folder_ / "next";
  queue("next", next);
  EXPECT_TRUE(holds_within(std::chrono::seconds(150), [&] { return done() == 2; })) << log(other);
  cluster_->cancel(other);
}

TEST_F(Slurm, MeasuresHowFoehnScales) {
  const std::string job =
      submit_script("slurm/scaling.sbatch", {"--nodes=2", "--time=60"},
                    {toy_climate().prior, "study", "--studies", "strong", "--hours", "13", "--repeats", "2",
                     "--", "--sampler.steps", "2", "--run.device", "cpu"});
  EXPECT_EQ(cluster_->wait(job), "COMPLETED") << log(job);
  const auto results = nlohmann::json::parse(io::content_of(folder_ / "study/results.json"));
  EXPECT_THAT(results["settings"]["launch"].get<std::string>(), HasSubstr("srun"));
  EXPECT_EQ(results["environment"]["variables"]["SLURM_JOB_ID"], job);
  EXPECT_EQ(results["summary"][1]["ranks"], 2);
  EXPECT_EQ(results["summary"][1]["nodes"], 2);
}

TEST_F(Slurm, GivesFoehnTheGpusOfTheJob) {
  // This Slurm's GPUs do not exist: foehn must say so and not compute on processors instead.
  const std::string job = submit({"--nodes=1", "--time=60", "--gpus-per-node=1"}, options());
  const std::string state = cluster_->wait(job);
  if (state == "COMPLETED") GTEST_SKIP() << "this machine has a GPU";
  EXPECT_EQ(state, "FAILED");
  EXPECT_THAT(log(job), HasSubstr("run.device: cuda: LibTorch finds no GPU"));
}

}  // namespace
}  // namespace foehn::testing::slurm_test

// submit, serve and jobs on any number of ranks, in one process per rank.
#include <nlohmann/json.hpp>

#include "integration/job_file.hpp"
#include "integration/same_netcdf.hpp"
#include "refusal.hpp"

namespace foehn::testing::service_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServiceCommands : public ::testing::Test {
 protected:
  /// A job's file, written by the root.
  std::string job(const std::string& name, const Options& options) const {
    const fs::path file = folder_ / (name + ".ini");
    return is_root() ? write_job(file, options) : file;
  }
  Options options(const std::string& name) const {
    Options options = toy_.sample_options(folder_ / name);
    options["sampler.steps"] = "3";
    return options;
  }
  Outcome submit(const Words& files, const Words& more = {}) const {
    Words words{spool()};
    words.insert(words.end(), files.begin(), files.end());
    words.insert(words.end(), more.begin(), more.end());
    return run_here("submit", {}, words);
  }
  Outcome serve() const {
    return run_here("serve", {{"service.beat", "0.1"}}, {spool(), "--service.until_empty"});
  }
  Outcome jobs(const Words& words) const {
    Words all{spool()};
    all.insert(all.end(), words.begin(), words.end());
    return run_here("jobs", {}, all);
  }
  /// What is known of the jobs, by name; of the root.
  std::map<std::string, nlohmann::json> states() const {
    const Outcome outcome = jobs({"--json"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    std::map<std::string, nlohmann::json> found;
    if (!is_root()) return found;
    const nlohmann::json all = nlohmann::json::parse(outcome.out);
    for (const auto& job : all["jobs"]) found[job["name"]] = job;
    return found;
  }
  std::string spool() const { return folder_ / "spool"; }
  /// What every rank ends with, and the root alone says.
  static void expect_said(const Outcome& outcome, int exit_code, const Words& words) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome;
    if (!is_root()) return;
    for (const std::string& word : words) EXPECT_THAT(outcome.out + outcome.err, HasSubstr(word));
  }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(ServiceCommands, DrawWhatSampleDraws) {
  const Options first = options("first");
  Options second = options("second");
  second["ensemble.members"] = "2";
  second["ensemble.ranks_per_member"] = "1";
  second["ensemble.seed"] = "8";
  expect_said(submit({job("first", first), job("second", second)}), 0, {"queued 2 jobs"});
  expect_said(jobs({}), 0, {"queued   first   500", "queued   second  500"});
  expect_said(serve(), 0, {"job first: done", "job second: done", "no job is queued"});
  expect_said(jobs({}), 0, {"done     first   500  " + (folder_ / "first").string()});
  expect_said(jobs({"--summary"}), 0, {"2 done", "simulated", "device-hours", "crashes of services   0"});

  Options alone = second;
  alone["output.directory"] = folder_ / "alone";
  EXPECT_EQ(run_here("sample", alone).exit_code, 0);
  if (!is_root()) return;
  for (const std::string member : {"member_000.nc", "member_001.nc"})
    EXPECT_THAT(netcdf_differences(folder_ / "alone" / member, folder_ / "second" / member), IsEmpty());
  EXPECT_TRUE(fs::exists(folder_ / "first" / "member_000.nc"));
  EXPECT_THAT(files_in(fs::path(spool()) / "services"), IsEmpty());
}

TEST_F(ServiceCommands, GoOnAfterAJobThatCannotBeRun) {
  Options lost = options("lost");
  lost["input.observations"] = folder_ / "lost.nc";
  if (is_root()) fs::copy_file(toy_.observations, folder_ / "lost.nc");
  expect_said(submit({job("malformed", options("a")), job("lost", lost), job("good", options("b"))}), 0, {});
  const fs::path queued = fs::path(spool()) / "queued";
  if (is_root()) {
    fs::remove(folder_ / "lost.nc");
    io::write_content(queued / "500-00000001-malformed.0.ini", "[sampler]\nsteps = many\n");
  }
  expect_said(serve(), 0, {"job good: done"});
  auto state = states();
  expect_said(jobs({"--retry", "lost"}), 0, {"queued   lost"});
  if (!is_root()) return;
  EXPECT_EQ(state["good"]["state"], "done");
  EXPECT_EQ(state["malformed"]["state"], "failed");
  EXPECT_EQ(state["malformed"]["message"],
            "malformed, line 2: sampler.steps: expected an integer, found 'many'");
  EXPECT_EQ(state["lost"]["state"], "failed");
  EXPECT_THAT(state["lost"]["message"].get<std::string>(), HasSubstr("lost.nc"));
}

TEST_F(ServiceCommands, TakeNoJobThatIsHeldOrCancelled) {
  expect_said(submit({job("held", options("a")), job("cancelled", options("b"))}, {"--priority", "7"}), 0,
              {});
  expect_said(jobs({"--hold", "held", "--cancel", "cancelled"}), 0,
              {"held     held         7", "failed   cancelled    7  cancelled"});
  expect_said(serve(), 0, {"no job is queued"});
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  EXPECT_FALSE(fs::exists(folder_ / "b"));
  expect_said(jobs({"--release", "held"}), 0, {"queued   held"});
  expect_said(jobs({"--release", "held"}), 2,
              {"release: held: expected a job that is held, found one that is queued"});
  expect_said(jobs({"--cancel", "nobody"}), 2,
              {"cancel: nobody: expected a job that is queued, held or claimed, found "
               "none of this name"});
}

TEST_F(ServiceCommands, LeaveAJobForOtherRanksToOtherServices) {
  Options many = options("many");
  many["ensemble.ranks_per_member"] = "64";
  expect_said(submit({job("many", many), job("any", options("any"))}), 0, {});
  expect_said(serve(), 0,
              {"job many: left to other services", "ensemble.ranks_per_member is 64", "job any: done"});
  expect_said(jobs({}), 0, {"queued   many"});
  EXPECT_FALSE(fs::exists(folder_ / "many"));
}

TEST_F(ServiceCommands, RefuseAJobThatStartsOverEachTime) {
  Options restart = options("out");
  restart["checkpoint.restart"] = "true";
  expect_said(submit({job("restart", restart)}), 2, {"checkpoint.restart", "leave it out"});
  EXPECT_FALSE(fs::exists(spool()));
}

TEST_F(ServiceCommands, BeginNoJobForWhichTheTimeDoesNotSuffice) {
  expect_said(submit({job("long", options("out"))}), 0, {});
  const Outcome outcome = run_here("serve", {{"service.minutes", "15"}}, {spool()});
  expect_said(outcome, 75, {"the time that is left suffices for none", "run again to continue"});
  EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(ServiceCommands, QueueNothingIfOneOfTheJobsIsWrong) {
  Options wrong = options("b"), absent = options("c");
  wrong["sampler.stepps"] = "3";
  absent["input.observations"] = folder_ / "absent.nc";
  expect_said(submit({job("good", options("a")), job("wrong", wrong), job("absent", absent)}), 2,
              {"wrong.ini, line ", "unknown option 'sampler.stepps'; did you mean 'sampler.steps'?",
               "absent.nc", "2 of 3 jobs are wrong"});
  EXPECT_FALSE(fs::exists(spool()));
  EXPECT_FALSE(fs::exists(folder_ / "a"));
}

TEST_F(ServiceCommands, RefuseWhatIsWrongWithAJobByItself) {
  const std::string good = job("good", options("a"));
  expect_said(submit({good}, {"--validate-only"}), 0, {"all checks passed; no job was queued"});
  EXPECT_FALSE(fs::exists(spool()));
  expect_said(submit({good}), 0, {});
  expect_said(submit({good}), 2, {"good.ini: the spool has a job named good already"});
  expect_said(submit({job("other", options("b")), job("other", options("b"))}), 2,
              {"two jobs are named other"});
  expect_said(submit({job("odd name", options("b"))}), 2, {"a job is named after its file", "'odd name'"});
  expect_said(submit({folder_ / "absent.ini"}), 2, {"cannot read configuration file", "absent.ini"});
  expect_said(submit({good}, {"--priority", "1000"}), 2, {"priority: expected a value from 0 to 999"});
  expect_said(run_here("submit", {}, {spool()}), 2,
              {"required but not given: jobs; usage: foehn submit SPOOL JOBS... ["});
  expect_said(run_here("jobs", {}, {folder_ / ""}), 2, {"expected a spool"});
  expect_said(run_here("serve", {}, {folder_ / "nowhere", "--validate-only"}), 2,
              {"nowhere: expected a spool"});
  expect_said(run_here("serve", {}, {}), 2, {"required but not given: spool; usage: foehn serve SPOOL ["});
}

TEST_F(ServiceCommands, RefuseAJobThatWritesToTheFolderOfAnother) {
  expect_said(submit({job("first", options("out")), job("second", options("out"))}), 2,
              {"second.ini: output.directory: ", "out is that of the job first, which is not done"});
  EXPECT_FALSE(fs::exists(spool()));
  expect_said(submit({job("first", options("out"))}), 0, {});
  Options detour = options("out");
  detour["output.directory"] = folder_ / "elsewhere/../out";
  expect_said(submit({job("second", detour)}), 2, {"that of the job first, which is not done"});
  expect_said(jobs({"--cancel", "first"}), 0, {});
  expect_said(submit({job("second", options("out"))}), 0, {});
}

TEST_F(ServiceCommands, TakeTheFolderAsItIs) {
  expect_said(submit({job("removed", options("a")), job("other", options("b"))}), 0, {});
  const fs::path queued = fs::path(spool()) / "queued";
  const std::string mine = job("mine", options("c"));
  if (is_root()) {
    fs::remove(queued / "500-00000001-removed.0.ini");
    fs::copy_file(mine, queued / "mine.ini");
  }
  expect_said(jobs({}), 0, {"queued   mine", "put here by hand"});
  expect_said(serve(), 0, {"job other: done", "job mine: done"});
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  expect_said(submit({job("removed", options("a"))}), 0, {});
}

TEST_F(ServiceCommands, ResolveRelativePathsWhereAJobIsSubmitted) {
  Options relative = options("out");
  relative["prior.path"] = fs::relative(toy_.prior);
  relative["input.observations"] = fs::relative(toy_.observations);
  relative["output.directory"] = fs::relative(folder_ / "out");
  expect_said(submit({job("relative", relative)}), 0, {});
  if (!is_root()) return;
  const std::string text = io::content_of(fs::path(spool()) / "queued/500-00000001-relative.0.ini");
  EXPECT_THAT(text, AllOf(HasSubstr("path = " + toy_.prior.string() + "\n"),
                          HasSubstr("observations = " + toy_.observations.string() + "\n"),
                          HasSubstr("directory = " + (folder_ / "out").string() + "\n")));
}

}  // namespace
}  // namespace foehn::testing::service_test

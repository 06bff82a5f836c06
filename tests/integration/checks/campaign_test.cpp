// campaign on any number of ranks, in one process per rank.
#include <nlohmann/json.hpp>

#include "integration/esgf_file.hpp"
#include "integration/job_file.hpp"
#include "integration/same_netcdf.hpp"
#include "refusal.hpp"

namespace foehn::testing::campaign_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kJobA = "TOY-A_ssp585_r1i1p1f3_20501229-20501230";
const std::string kJobB = "TOY-B_ssp585_r1i1p1f3_20501229-20501230";

/// Two days of two climate models of 360 days a year, in files as CMIP6 names them.
class CampaignCommand : public ::testing::Test {
 protected:
  CampaignCommand() {
    Options job{{"prior.path", toy_.prior},
                {"observation.block", "8"},
                {"observation.std", "20,0.1,0.2,0.2"},
                {"sampler.steps", "3"},
                {"ensemble.seed", "5"}};
    if (!is_root()) return;
    write_job(folder_ / "job.ini", job);
    for (const char* model : {"TOY-A", "TOY-B"}) write_two_days(model, folder_ / "cmip6" / model);
  }
  Options options() const {
    return {{"input.folders", folder_ / "cmip6"},
            {"input.variables", "psl,tas,uas,vas"},
            {"campaign.periods", "ssp585:2050-12-29/2050-12-30"},
            {"campaign.job", folder_ / "job.ini"},
            {"campaign.output", folder_ / "out"},
            {"campaign.spool", folder_ / "spool"}};
  }
  Outcome file_as(const std::string& format) const {
    Options some = options();
    some["campaign.format"] = format;
    if (format != "spool") some.erase("campaign.spool");
    return run_here("campaign", some);
  }
  /// Every rank ends with the exit code, and the root alone says the words.
  static void expect_said(const Outcome& outcome, int exit_code, const Words& words) {
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome;
    if (!is_root()) return;
    for (const std::string& word : words) EXPECT_THAT(outcome.out + outcome.err, HasSubstr(word));
  }
  fs::path member(const std::string& folder) const { return folder_ / folder / "member_000.nc"; }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

TEST_F(CampaignCommand, ListsItsJobsWithoutFilingThem) {
  expect_said(run_here("campaign", options()), 0,
              {kJobA + "  1 member of 48 steps, 4 files; to do\n",
               kJobB + "  1 member of 48 steps, 4 files; to do\n", "2 jobs: 2 to do\n", "96 steps"});
  EXPECT_FALSE(fs::exists(folder_ / "out"));
  EXPECT_FALSE(fs::exists(folder_ / "spool"));
}

TEST_F(CampaignCommand, QueuesWhatIsNotDone) {
  expect_said(file_as("spool"), 0, {"2 to do", "queued 2 jobs"});
  expect_said(file_as("spool"), 0, {"2 jobs in the spool already: queued", "nothing to queue"});
  expect_said(run_here("serve", {{"service.beat", "0.1"}}, {folder_ / "spool", "--service.until_empty"}), 0,
              {"job " + kJobA + ": done", "job " + kJobB + ": done"});
  expect_said(run_here("campaign", options()), 0, {"4 files; done\n", "2 jobs: 2 done\n"});
  expect_said(file_as("array"), 0, {"nothing to write"});
  expect_said(file_as("spool"), 0, {"nothing to queue"});

  Options elsewhere = options();
  elsewhere["campaign.output"] = folder_ / "elsewhere";
  elsewhere["campaign.format"] = "spool";
  expect_said(run_here("campaign", elsewhere), 2,
              {"2 jobs: 2 to do", "has other jobs of the same names", kJobA + ", " + kJobB, "another spool"});
  EXPECT_FALSE(fs::exists(folder_ / "elsewhere"));

  // What was drawn with other options is neither done nor drawn over.
  Options seeded = options();
  seeded["campaign.job"] = folder_ / "seeded.ini";
  if (is_root()) {
    std::string text = io::content_of(folder_ / "job.ini");
    io::write_content(folder_ / "seeded.ini", text.replace(text.find("seed = 5"), 8, "seed = 6"));
  }
  seeded["campaign.format"] = "spool";
  expect_said(run_here("campaign", seeded), 0,
              {"drawn with other options\n", "2 jobs: 2 drawn with other options\n",
               "another campaign.output", "nothing to queue"});

  // The members are those of the same job run alone, and each model has noise of its own.
  const std::string file = folder_ / ("out/jobs/" + kJobA + ".ini");
  EXPECT_EQ(run_here("sample", {{"output.directory", folder_ / "alone"}}, {"--config", file}).exit_code, 0);
  if (!is_root()) return;
  const std::string a = "out/TOY-A/ssp585/r1i1p1f3/20501229-20501230",
                    b = "out/TOY-B/ssp585/r1i1p1f3/20501229-20501230";
  EXPECT_THAT(netcdf_differences(member("alone"), member(a)), IsEmpty());
  EXPECT_NE(io::content_of(folder_ / a / "run.json"), io::content_of(folder_ / b / "run.json"));
  const auto seed = [&](const std::string& folder) {
    return nlohmann::json::parse(io::content_of(folder_ / folder / "run.json"))
        .at("seed")
        .get<std::int64_t>();
  };
  EXPECT_NE(seed(a), seed(b));
}

TEST_F(CampaignCommand, DrawsTheMembersThatAreMissing) {
  const auto serve = [&] {
    return run_here("serve", {{"service.beat", "0.1"}}, {folder_ / "spool", "--service.until_empty"});
  };
  const std::string folder = "out/TOY-A/ssp585/r1i1p1f3/20501229-20501230";
  Options more = options();
  more["campaign.models"] = "TOY-A";
  more["campaign.format"] = "spool";
  expect_said(run_here("campaign", more), 0, {"queued 1 job"});
  more["campaign.members"] = "2";
  expect_said(run_here("campaign", more), 0, {"not done with fewer members: " + kJobA, "nothing to queue"});
  expect_said(serve(), 0, {"done"});
  const std::string first = is_root() ? io::content_of(member(folder)) : "";
  expect_said(run_here("campaign", more), 0,
              {"2 members of 48 steps, 4 files; begun, 1 member done\n", "48 steps of members to draw",
               "queued 1 job"});
  expect_said(run_here("campaign", more), 0, {"1 job in the spool already: queued"});
  expect_said(serve(), 0, {"1 member is already in"});
  expect_said(run_here("campaign", more), 0, {"4 files; done\n", "nothing to queue"});
  more["campaign.members"] = "1";
  expect_said(run_here("campaign", more), 0, {"4 files; done\n", "nothing to queue"});
  if (!is_root()) return;
  EXPECT_TRUE(fs::exists(folder_ / folder / "member_001.nc"));
  EXPECT_EQ(io::content_of(member(folder)), first);
}

TEST_F(CampaignCommand, WritesJobsForWorkflowEngines) {
  expect_said(file_as("array"), 0, {"wrote 2 jobs", "sbatch --array=1-2 slurm/sample.sbatch"});
  expect_said(file_as("snakemake"), 0, {"wrote 2 jobs", "snakemake --directory", "Snakefile"});
  expect_said(file_as("cylc"), 0, {"wrote 2 jobs", "cylc vip"});
  // A job that has its file is one that sample takes.
  const std::string file = folder_ / ("out/jobs/" + kJobB + ".ini");
  expect_said(run_here("sample", {}, {"--config", file, "--validate-only"}), 0, {"nothing was sampled"});
  if (!is_root()) return;
  const std::string jobs = (folder_ / "out/jobs").string();
  EXPECT_EQ(io::content_of(folder_ / "out/jobs.txt"),
            jobs + "/" + kJobA + ".ini\n" + jobs + "/" + kJobB + ".ini\n");
  EXPECT_THAT(io::content_of(folder_ / "out/Snakefile"), HasSubstr(kJobB + ".ini"));
  EXPECT_THAT(io::content_of(folder_ / "out/cylc/flow.cylc"), HasSubstr("[[" + kJobA + "]]"));
}

TEST_F(CampaignCommand, GivesTheArchiveWhatTheModelSaysOfItself) {
  if (is_root()) {
    io::write_content(folder_ / "job.ini", io::content_of(folder_ / "job.ini") +
                                               "[output]\nlayout = cordex\nmetadata = " +
                                               (folder_ / "metadata.ini").string() + "\n");
    io::write_content(folder_ / "metadata.ini",
                      "domain_id = EUR-12\ndomain = Europe\ngrid = 0.5 degree latitude-longitude\n"
                      "driving_institution_id = HERE\ndriving_experiment = a toy\ninstitution_id = INST\n"
                      "institution = An Institute\ncontact = data@example.org\nsource_id = FOEHN-1\n"
                      "source = foehn\nsource_type = ARCM\n");
  }
  expect_said(file_as("array"), 0, {"wrote 2 jobs"});
  if (!is_root()) return;
  const std::string text = io::content_of(folder_ / ("out/jobs/" + kJobA + ".metadata.ini"));
  EXPECT_THAT(text, AllOf(HasSubstr("domain_id = EUR-12\n"), HasSubstr("driving_source_id = TOY-A\n"),
                          HasSubstr("driving_experiment_id = ssp585\n"),
                          HasSubstr("driving_variant_label = r1i1p1f3\n")));
  EXPECT_THAT(io::content_of(folder_ / ("out/jobs/" + kJobA + ".ini")), HasSubstr(kJobA + ".metadata.ini"));
}

class CampaignRefuses : public CampaignCommand, public ::testing::WithParamInterface<BadInput> {};

TEST_P(CampaignRefuses, It) {
  Options some = options();
  GetParam().spoil(some, folder_ / "");
  expect_refusal(run_here("campaign", some), GetParam());
  EXPECT_FALSE(fs::exists(folder_ / "spool"));
}

const std::vector<BadInput> kBadCampaigns = {
    {"AMissingFolder", set("input.folders", "nowhere"), {"nowhere", "No such file"}},
    {"FoldersWithoutFiles",
     set("input.variables", "pr"),
     {"no CMIP6 file of pr in", "cmip6", "campaign.periods"},
     2},
    {"APeriodWithoutAnExperiment",
     set("campaign.periods", "2050-12-29/2050-12-30"),
     {"campaign.periods", "EXPERIMENT:FIRST/LAST", "'2050-12-29/2050-12-30'"},
     2},
    {"AnUnknownFormat",
     set("campaign.format", "slurm"),
     {"campaign.format", "slurm", "list, spool, array"},
     2},
    {"NoSpool",
     [](Options& options, const fs::path&) {
       options["campaign.format"] = "spool";
       options.erase("campaign.spool");
     },
     {"campaign.spool: required"},
     2},
    {"AMissingJobFile", set("campaign.job", "nowhere.ini"), {"nowhere.ini"}, 2},
    {"AJobFileWithATypo",
     [](Options& options, const fs::path& folder) {
       io::write_content(folder / "typo.ini", "[sampler]\nstep = 3\n");
       options["campaign.job"] = folder / "typo.ini";
     },
     {"typo.ini, line 2", "sampler.step", "sampler.steps"},
     2},
};

INSTANTIATE_TEST_SUITE_P(BadInput, CampaignRefuses, ::testing::ValuesIn(kBadCampaigns), name_of);

TEST_F(CampaignCommand, NamesAnExperimentOfWhichThereIsNoFile) {
  Options some = options();
  some["campaign.periods"] += ",ssp858:2050-12-29/2050-12-30";
  expect_said(run_here("campaign", some), 0, {"2 jobs: 2 to do", "no file of the experiment ssp858"});
}

TEST_F(CampaignCommand, QueuesNoJobThatCannotBeRun) {
  if (is_root()) {
    std::string text = io::content_of(folder_ / "job.ini");
    const std::string good = "block = 8";
    io::write_content(folder_ / "job.ini", text.replace(text.find(good), good.size(), "block = 5"));
  }
  expect_said(file_as("spool"), 1, {kJobA + ".ini: ", kJobB + ".ini: ", "observation.block", "5 x 5"});
  EXPECT_FALSE(fs::exists(folder_ / "spool"));
  expect_said(file_as("array"), 1, {kJobA + ".ini: ", "5 x 5", "nothing to write"});
}

TEST_F(CampaignCommand, ListsADayThatAModelsCalendarDoesNotHave) {
  Options some = options();
  some["campaign.periods"] = "ssp585:2050-12-29/2050-12-31";
  expect_said(run_here("campaign", some), 0, {"cannot be run (psl: ends on 2050-12-30"});
  if (is_root())
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "cmip6"))
      if (entry.is_regular_file()) {
        std::string name = entry.path().filename().string();
        fs::rename(entry.path(),
                   entry.path().parent_path() / name.replace(name.find("205012301800"), 8, "20501231"));
      }
  expect_said(run_here("campaign", some), 0,
              {"cannot be run (", "2050-12-31", "360_day", "2 jobs: 2 cannot be run"});
}

TEST_F(CampaignCommand, ListsWhatIsMissingAndFilesTheRest) {
  if (is_root())
    fs::remove(folder_ / "cmip6/TOY-A/uas_6hrPlevPt_TOY-A_ssp585_r1i1p1f3_gn_205012290000-205012301800.nc");
  const Outcome outcome = file_as("spool");
  expect_said(outcome, 0,
              {kJobA + "  cannot be run (uas: none from 2050-12-29 to 2050-12-30)\n",
               "2 jobs: 1 to do, 1 cannot be run", "queued 1 job "});
}

}  // namespace
}  // namespace foehn::testing::campaign_test

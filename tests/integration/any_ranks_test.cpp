#include <gmock/gmock.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "io/test_files.hpp"
#include "process.hpp"
#include "same_netcdf.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::any_ranks_test {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// Samples the same trajectory in several ways and compares the members' files with those of one rank.
class AnyNumberOfRanks : public ::testing::Test {
 protected:
  /// Three members of one rank.
  static void SetUpTestSuite() {
    shared_ = new io::TemporaryFolder;
    three_members_ = *shared_ / "out";
    const Outcome outcome = run_foehn("sample", three_members());
    ASSERT_EQ(outcome.exit_code, 0) << outcome;
  }
  static void TearDownTestSuite() { delete shared_; }

  static Options three_members() {
    Options options = toy_climate().sample_options(three_members_);
    options["ensemble.members"] = "3";
    return options;
  }

  /// The folder of the members.
  std::filesystem::path sample(const std::string& name, Options options, int ranks) {
    options["output.directory"] = folder_ / name;
    const Outcome outcome = run_foehn("sample", options, ranks);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return folder_ / name;
  }

  void expect_same_on(const std::vector<int>& numbers_of_ranks, const Options& options) {
    const std::filesystem::path alone = sample("alone", options, 0);
    for (const int ranks : numbers_of_ranks) {
      const std::string name = std::to_string(ranks) + " ranks";
      expect_same_members(alone, sample(name, options, ranks), name);
    }
  }

  static void expect_same_members(const std::filesystem::path& alone, const std::filesystem::path& other,
                                  const std::string& what) {
    ASSERT_THAT(files_in(alone), Contains("member_000.nc"));
    ASSERT_EQ(files_in(other), files_in(alone)) << what;
    for (const std::string& file : files_in(alone)) {
      if (file == "run.json") {
        const auto check = [&](const std::filesystem::path& folder) {
          return nlohmann::json::parse(io::content_of(folder / file)).at("self_check");
        };
        EXPECT_EQ(check(other), check(alone)) << what;
        continue;
      }
      EXPECT_THAT(netcdf_differences(alone / file, other / file), IsEmpty()) << what << ", " << file;
    }
  }

  static io::TemporaryFolder* shared_;
  static std::filesystem::path three_members_;
  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};
io::TemporaryFolder* AnyNumberOfRanks::shared_ = nullptr;
std::filesystem::path AnyNumberOfRanks::three_members_;

TEST_F(AnyNumberOfRanks, GivesTheSameScores) {
  const auto evaluate = [&](int ranks) {
    const std::filesystem::path folder = folder_ / ("scores" + std::to_string(ranks));
    const Outcome outcome = run_foehn("evaluate",
                                      {{"input.members", three_members_ / "member_*.nc"},
                                       {"input.reference", toy_climate().truth},
                                       {"input.observations", toy_climate().observations},
                                       {"input.prior", toy_climate().prior},
                                       {"output.directory", folder}},
                                      ranks);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
    return folder;
  };
  const std::filesystem::path alone = evaluate(0);
  for (const int ranks : {2, 3}) {
    const std::filesystem::path shared = evaluate(ranks);
    for (const char* file : {"scores.json", "scores.nc", "maps.nc", "report.html"})
      EXPECT_EQ(io::content_of(shared / file), io::content_of(alone / file)) << file << ", " << ranks;
  }
}

TEST_F(AnyNumberOfRanks, DrawsTheSameMembers) {
  for (const int ranks : {2, 3, 4}) {
    const std::string name = std::to_string(ranks) + " ranks";
    expect_same_members(three_members_, sample(name, three_members(), ranks), name);
  }
}

TEST_F(AnyNumberOfRanks, DrawsTheSameMembersInTeams) {
  Options options = three_members();
  options["output.chunk_hours"] = "7";
  // Four teams, one of them without a member, and two, one of them idle in the second round.
  for (const std::string ranks : {"1", "2"}) {
    options["ensemble.ranks_per_member"] = ranks;
    expect_same_members(three_members_, sample("teams of " + ranks, options, 4), "teams of " + ranks);
  }
}

TEST_F(AnyNumberOfRanks, DrawsTheSameWithAStride) {
  Options options = toy_.sample_options("");
  options["sampler.stride"] = "5";
  expect_same_on({4}, options);
}

TEST_F(AnyNumberOfRanks, DrawsTheSameWithLangevinCorrections) {
  Options options = toy_.sample_options("");
  options["sampler.corrections"] = "1";
  expect_same_on({3}, options);
}

TEST_F(AnyNumberOfRanks, DrawsTheSameWithoutObservationsInSlabsShorterThanTheMarkovOrder) {
  // Eight hours on four ranks: slabs of 2 hours, order 3.
  expect_same_on({3, 4}, toy_.unconditional_options("", 8));
}

TEST_F(AnyNumberOfRanks, DrawsTheSameFromHourlyObservationsInSlabsShorterThanTheMarkovOrder) {
  Options coarsen = toy_.coarsen_options(folder_ / "hourly.nc");
  coarsen["observation.every"] = "1";
  coarsen["time.hours"] = "8";
  ASSERT_EQ(run_foehn("coarsen", coarsen).exit_code, 0);
  Options options = toy_.sample_options("");
  options["input.observations"] = folder_ / "hourly.nc";
  expect_same_on({4}, options);
}

TEST_F(AnyNumberOfRanks, DrawsTheSameWhereARankOwnsNothing) {
  // Slabs are cut at the observations, which are at hours 1 and 7 of 9: three pieces for four and six ranks.
  Options coarsen = toy_.coarsen_options(folder_ / "few.nc");
  coarsen["time.hours"] = "7";
  ASSERT_EQ(run_foehn("coarsen", coarsen).exit_code, 0);
  Options options = toy_.sample_options("");
  options["input.observations"] = folder_ / "few.nc";
  options["time.start"] = "2001-01-07T23";
  options["time.hours"] = "9";
  options["sampler.corrections"] = "1";
  expect_same_on({4, 6}, options);
}

TEST_F(AnyNumberOfRanks, DrawsTheSameFromSnapshotsAndMeansOfOtherVariablesAtOtherTimes) {
  // Pressure at 00, 06, ...; winds as means over 03-06, 06-09, ...; no temperature.
  Options pressure = toy_.coarsen_options(folder_ / "psl.nc");
  pressure["data.variables"] = "psl";
  Options winds = toy_.coarsen_options(folder_ / "winds.nc");
  winds["data.variables"] = "uas,vas";
  winds["observation.mean"] = "true";
  winds["observation.every"] = "3";
  winds["time.start"] = "2001-01-08T03";
  winds["time.hours"] = "21";
  ASSERT_EQ(run_foehn("coarsen", pressure).exit_code, 0);
  ASSERT_EQ(run_foehn("coarsen", winds).exit_code, 0);
  Options options = toy_.sample_options("");
  options["input.observations"] = (folder_ / "psl.nc").string() + "," + (folder_ / "winds.nc").string();
  expect_same_on({2, 3, 4}, options);
  const Outcome outcome = run_foehn("sample", [&] {
    options["output.directory"] = folder_ / "described";
    return options;
  }());
  EXPECT_THAT(outcome.out, ::testing::HasSubstr("7 means over 3 steps of uas, vas every 3 steps"));
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("not observed: tas"));
}

TEST_F(AnyNumberOfRanks, DrawsTheSameWhereObservationsAreMissing) {
  ToyFields observations(toy_.observations);
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  observations.field(0, 0)[2] = kNaN;
  for (std::size_t time = 1; time < 4; ++time) observations.field(time, 1)[4] = kNaN;
  observations.write(folder_ / "gaps.nc");
  Options options = toy_.sample_options("");
  options["input.observations"] = folder_ / "gaps.nc";
  options["observation.missing_fraction"] = "0.1";
  expect_same_on({2, 3}, options);
}

TEST_F(AnyNumberOfRanks, DrawsAMemberByItsNumberWhateverTheEnsemble) {
  Options options = three_members();
  options["ensemble.members"] = "1";
  options["ensemble.first_member"] = "2";
  const auto third = sample("third", options, 2);
  ASSERT_THAT(files_in(third), ElementsAre("member_002.nc", "run.json"));
  EXPECT_THAT(netcdf_differences(three_members_ / "member_002.nc", third / "member_002.nc"), IsEmpty());
}

TEST_F(AnyNumberOfRanks, DrawsOtherWeatherForAnotherMemberAndAnotherSeed) {
  EXPECT_THAT(netcdf_differences(three_members_ / "member_000.nc", three_members_ / "member_001.nc"),
              UnorderedElementsAre("realization: values", "psl: values", "tas: values", "uas: values",
                                   "vas: values"));
  Options options = toy_.sample_options("");
  options["ensemble.seed"] = "4";
  EXPECT_THAT(
      netcdf_differences(three_members_ / "member_000.nc", sample("seed 4", options, 0) / "member_000.nc"),
      Contains("tas: values"));
}

}  // namespace
}  // namespace foehn::testing::any_ranks_test

#include "foehn/evaluation/sources.hpp"

#include <gmock/gmock.h>

#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation::sources_test {
namespace {

using foehn::testing::toy_grid;
using foehn::testing::ToyFile;
using foehn::testing::write_toy;
using io::TemporaryFolder;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

double field(double hour, std::size_t /*variable*/, std::int64_t y, std::int64_t x) {
  return 280 + hour + 0.1 * static_cast<double>(y * x);
}

/// Two members, a reference and observations every 6 h by blocks of 4; a test spoils one of them.
class OpenSources : public ::testing::Test {
 protected:
  std::string failure() {
    try {
      open();
    } catch (const core::Error& error) {
      return error.what();
    }
    return "no error";
  }

  Sources open() {
    SourceFiles files;
    files.members = {write_toy(folder_ / "member_000.nc", field, first_),
                     write_toy(folder_ / "member_001.nc", field, second_)};
    if (has_reference_) files.reference = {write_toy(folder_ / "truth.nc", field, reference_)};
    files.observations = {write_toy(folder_ / "coarse.nc", field, observations_)};
    files.reference_crop = crop_;
    return open_sources(files);
  }

  TemporaryFolder folder_;
  ToyFile first_, second_, reference_;
  ToyFile observations_ = {.step_hours = 6, .steps = 3, .block = 4};
  std::optional<grid::Crop> crop_;
  bool has_reference_ = true;
};

TEST_F(OpenSources, CountsHoursUpToTheLastObservation) {
  observations_.first_hour = 2;
  observations_.steps = 2;
  const auto sources = open();
  EXPECT_EQ(sources.hours, 9);
  EXPECT_EQ(sources.period, 6);
  EXPECT_EQ(sources.blocks.block(), 4);
  EXPECT_EQ(sources.hours_since_observation(1), std::nullopt);
  EXPECT_EQ(sources.hours_since_observation(2), 0);
  EXPECT_EQ(sources.hours_since_observation(7), 5);
  EXPECT_EQ(sources.hours_since_observation(8), 0);
}

TEST_F(OpenSources, FindsTheMembersInALongerFinerAndLargerReference) {
  reference_.first_hour = -5;
  reference_.step_hours = 0.5;
  reference_.steps = 60;
  reference_.grid = toy_grid(9, 14);
  crop_ = grid::Crop{0, 8, 0, 12};
  const auto sources = open();
  EXPECT_EQ(sources.first_reference_index, 10);
  EXPECT_EQ(sources.reference_stride, 2);
}

TEST_F(OpenSources, TakesTheTwoGregorianCalendarsForOne) {
  reference_.calendar = calendar::Calendar::proleptic_gregorian;
  EXPECT_EQ(open().hours, 13);
}

TEST_F(OpenSources, RefusesAnotherCalendar) {
  observations_.calendar = calendar::Calendar::day_360;
  EXPECT_THAT(failure(), AllOf(HasSubstr("coarse.nc"), HasSubstr("360_day"), HasSubstr("standard")));
}

TEST_F(OpenSources, RefusesMembersThatDifferInVariables) {
  second_.variables = {{"psl", "air_pressure_at_mean_sea_level", "Pa"}};
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("member_001.nc"), HasSubstr("psl [Pa]"), HasSubstr("expected tas [K]")));
}

TEST_F(OpenSources, RefusesMembersThatDifferInUnits) {
  second_.variables = {{"tas", "air_temperature", "degC"}};
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("member_001.nc"), HasSubstr("tas [degC]"), HasSubstr("expected tas [K]")));
}

TEST_F(OpenSources, RefusesMembersThatDifferInTheirGrid) {
  second_.grid = toy_grid(8, 16);
  EXPECT_THAT(failure(), AllOf(HasSubstr("member_001.nc"), HasSubstr("grid"), HasSubstr("16")));
}

TEST_F(OpenSources, RefusesMembersThatDifferInTime) {
  second_.first_hour = 1;
  EXPECT_THAT(failure(), AllOf(HasSubstr("member_001.nc"), HasSubstr("2019-03-26T01:00:00"),
                               HasSubstr("expected 13 instants, 2019-03-26T00:00:00")));
}

TEST_F(OpenSources, ScoresTheHoursThatTheReferenceHas) {
  reference_.first_hour = 2;
  reference_.steps = 8;
  const auto sources = open();
  EXPECT_EQ(sources.first_hour, 2);
  EXPECT_EQ(sources.hours, 8);
  EXPECT_EQ(sources.hours_without_reference, 5);
  EXPECT_EQ(sources.first_reference_index, 0);
  EXPECT_EQ(sources.hours_since_observation(2), 2);
}

TEST_F(OpenSources, RefusesAReferenceOfAnotherTime) {
  reference_.first_hour = 100;
  EXPECT_THAT(failure(), AllOf(HasSubstr("truth.nc"), HasSubstr("no instant in common with the members"),
                               HasSubstr("2019-03-30T04:00:00")));
}

TEST_F(OpenSources, NamesTheHourThatTheReferenceLacksBetweenOthers) {
  reference_.step_hours = 2;
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("truth.nc"), HasSubstr("the instant 2019-03-26T01:00:00 is missing")));
}

TEST_F(OpenSources, NeedsNoReference) {
  has_reference_ = false;
  const auto sources = open();
  EXPECT_FALSE(sources.reference);
  EXPECT_EQ(sources.hours, 13);
}

TEST_F(OpenSources, RefusesAReferenceOnAnotherGrid) {
  reference_.grid = toy_grid(9, 14);
  EXPECT_THAT(failure(), AllOf(HasSubstr("truth.nc"), HasSubstr("grid")));
}

TEST_F(OpenSources, RefusesAReferenceWithoutTheVariable) {
  reference_.variables = {{"t2m", "air_temperature", "K"}};
  EXPECT_THAT(failure(), AllOf(HasSubstr("truth.nc"), HasSubstr("tas"), HasSubstr("t2m")));
}

TEST_F(OpenSources, NamesAnObservationOutsideTheMembers) {
  observations_.steps = 4;
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("coarse.nc"), HasSubstr("2019-03-26T18:00:00 is not an hour of the members")));
}

TEST_F(OpenSources, NamesAnObservationBetweenTheMembersHours) {
  observations_.first_hour = 0.5;
  observations_.steps = 2;
  EXPECT_THAT(failure(), HasSubstr("2019-03-26T00:30:00 is not an hour of the members"));
}

TEST_F(OpenSources, RefusesObservationsThatAreNoBlockMeans) {
  observations_.grid = toy_grid(8, 16);
  EXPECT_THAT(failure(), AllOf(HasSubstr("coarse.nc"), HasSubstr("2 x 4"), HasSubstr("8 x 12")));
}

TEST_F(OpenSources, RefusesObservationsElsewhere) {
  for (double& latitude : observations_.grid.y.values) latitude += 1;
  EXPECT_THAT(failure(), AllOf(HasSubstr("coarse.nc"), HasSubstr("lat")));
}

const std::vector<io::Variable> kWinds = {{"uas", "eastward_wind", "m s-1"},
                                          {"vas", "northward_wind", "m s-1"}};

double wind(double hour, std::size_t /*variable*/, std::int64_t y, std::int64_t x) {
  return 0.1 * hour + static_cast<double>(y - x);
}

/// A member's variables in files of their own, its time in two: as the archive has them.
void write_apart(const TemporaryFolder& folder, std::vector<std::filesystem::path>& files,
                 const io::Attributes& attributes, std::optional<std::int64_t> realization,
                 const std::string& name) {
  for (const io::Variable& variable : kWinds)
    for (const int first : {0, 6}) {
      ToyFile file;
      file.variables = {variable};
      file.first_hour = first;
      file.steps = first == 0 ? 6 : 7;
      file.attributes = attributes;
      file.realization = realization;
      files.push_back(write_toy(folder / (variable.name + name + std::to_string(first) + ".nc"), wind, file));
    }
}

SourceFiles with_winds_observed(const TemporaryFolder& folder) {
  SourceFiles files;
  ToyFile coarse{.step_hours = 6, .steps = 3, .block = 4};
  coarse.variables = kWinds;
  files.observations = {write_toy(folder / "coarse.nc", wind, coarse)};
  return files;
}

TEST(OpenSourcesOf, FilesOfOneRealizationAreOneMember) {
  const TemporaryFolder folder;
  SourceFiles archive = with_winds_observed(folder), split = archive;
  for (const std::int64_t member : {0, 1}) {
    const std::string label = "v1-r" + std::to_string(member + 1);
    write_apart(folder, archive.members, {{"version_realization", label}}, {}, "_" + label + "_");
    write_apart(folder, split.members, {}, member, "_" + std::to_string(member) + "_");
  }
  for (const SourceFiles& files : {archive, split}) {
    const Sources sources = open_sources(files);
    ASSERT_EQ(sources.members.size(), 2U);
    EXPECT_EQ(sources.variables(), kWinds);
    EXPECT_EQ(sources.members.back().times().size(), 13);
  }
}

TEST(OpenSourcesOf, AMemberWithoutOneOfTheFilesIsRefused) {
  const TemporaryFolder folder;
  SourceFiles files = with_winds_observed(folder);
  write_apart(folder, files.members, {}, 0, "_0_");
  write_apart(folder, files.members, {}, 1, "_1_");
  files.members.pop_back();
  EXPECT_THAT([&] { open_sources(files); },
              ::testing::ThrowsMessage<core::Error>(AllOf(HasSubstr("_1_"), HasSubstr("times: 6 instants"),
                                                          HasSubstr("expected 13 instants"))));
}

TEST(OpenSourcesOf, NoMemberIsRefused) {
  EXPECT_THROW(open_sources({}), core::Error);
}

TEST(OpenSourcesOf, AMissingFileNamesIt) {
  try {
    open_sources({.members = {"nowhere.nc"},
                  .reference = {"truth.nc"},
                  .observations = {"coarse.nc"},
                  .reference_crop = {}});
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nowhere.nc"));
  }
}

/// What files state of variables that a run has.
std::vector<double> stated(const std::vector<std::filesystem::path>& members,
                           const std::vector<io::Variable>& variables = {{"tas", "", "K"}}) {
  return stated_observation_std(members, variables);
}

TEST(StatedObservationStd, IsReadFromTheMember) {
  const TemporaryFolder folder;
  ToyFile file;
  EXPECT_TRUE(stated({write_toy(folder / "silent.nc", field, file)}).empty());
  file.attributes["foehn_observation_std"] = std::vector{0.5, 20.0};
  EXPECT_THAT(stated({write_toy(folder / "two.nc", field, file)}), ElementsAre(0.5, 20));
  file.attributes["foehn_observation_std"] = 0.25;
  EXPECT_THAT(stated({write_toy(folder / "one.nc", field, file)}), ElementsAre(0.25));
  file.attributes["foehn_observation_std"] = std::string("small");
  const auto path = write_toy(folder / "text.nc", field, file);
  EXPECT_THROW(stated({path}), core::Error);
}

TEST(StatedObservationStd, OfAnArchivesFilesIsThatOfTheirVariable) {
  const TemporaryFolder folder;
  std::vector<std::filesystem::path> files;
  const auto write = [&](const std::string& variable, const std::vector<double>& deviations) {
    ToyFile file;
    file.attributes = {{"version_realization", std::string("v1-r1")},
                       {"variable_id", variable},
                       {"foehn_observation_std", deviations}};
    files.push_back(write_toy(folder / (variable + std::to_string(files.size()) + ".nc"), field, file));
  };
  write("uas", {1.5});
  write("uas", {1.5});
  EXPECT_TRUE(stated(files, kWinds).empty()) << "vas is not known";
  write("vas", {2.5});
  EXPECT_THAT(stated(files, kWinds), ElementsAre(1.5, 2.5));
  EXPECT_THAT(stated(files, {kWinds[1], kWinds[0]}), ElementsAre(2.5, 1.5));
  files.clear();
  for (const char* variable : {"uas", "vas"}) write(variable, {1.5, 2.5});
  EXPECT_TRUE(stated(files, kWinds).empty()) << "the files do not say whose the two numbers are";
}

}  // namespace
}  // namespace foehn::evaluation::sources_test

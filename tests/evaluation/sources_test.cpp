#include "foehn/evaluation/sources.hpp"

#include <gmock/gmock.h>

#include "evaluation/toy_files.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::evaluation {
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
    files.reference = {write_toy(folder_ / "truth.nc", field, reference_)};
    files.observations = {write_toy(folder_ / "coarse.nc", field, observations_)};
    files.reference_crop = crop_;
    return open_sources(files);
  }

  TemporaryFolder folder_;
  ToyFile first_, second_, reference_;
  ToyFile observations_ = {.step_hours = 6, .steps = 3, .block = 4};
  std::optional<grid::Crop> crop_;
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

TEST_F(OpenSources, NamesTheFirstHourThatTheReferenceLacks) {
  reference_.steps = 10;
  EXPECT_THAT(failure(),
              AllOf(HasSubstr("truth.nc"), HasSubstr("the instant 2019-03-26T10:00:00 is missing")));
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
  EXPECT_THAT(failure(), AllOf(HasSubstr("coarse.nc"),
                               HasSubstr("2019-03-26T18:00:00 is not an instant of the members")));
}

TEST_F(OpenSources, NamesAnObservationBetweenTheMembersHours) {
  observations_.first_hour = 0.5;
  observations_.steps = 2;
  EXPECT_THAT(failure(), HasSubstr("2019-03-26T00:30:00 is not an instant of the members"));
}

TEST_F(OpenSources, RefusesObservationsThatAreNoBlockMeans) {
  observations_.grid = toy_grid(8, 16);
  EXPECT_THAT(failure(), AllOf(HasSubstr("coarse.nc"), HasSubstr("2 x 4"), HasSubstr("8 x 12")));
}

TEST_F(OpenSources, RefusesObservationsElsewhere) {
  for (double& latitude : observations_.grid.y.values) latitude += 1;
  EXPECT_THAT(failure(), AllOf(HasSubstr("coarse.nc"), HasSubstr("lat")));
}

TEST(OpenSourcesOf, NoMemberIsRefused) {
  EXPECT_THROW(open_sources({}), core::Error);
}

TEST(OpenSourcesOf, AMissingFileNamesIt) {
  try {
    open_sources({{"nowhere.nc"}, {"truth.nc"}, {"coarse.nc"}, {}});
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("nowhere.nc"));
  }
}

TEST(StatedObservationStd, IsReadFromTheMember) {
  const TemporaryFolder folder;
  ToyFile file;
  EXPECT_TRUE(stated_observation_std(write_toy(folder / "silent.nc", field, file)).empty());
  file.attributes["foehn_observation_std"] = std::vector{0.5, 20.0};
  EXPECT_THAT(stated_observation_std(write_toy(folder / "two.nc", field, file)), ElementsAre(0.5, 20));
  file.attributes["foehn_observation_std"] = 0.25;
  EXPECT_THAT(stated_observation_std(write_toy(folder / "one.nc", field, file)), ElementsAre(0.25));
  file.attributes["foehn_observation_std"] = std::string("small");
  const auto path = write_toy(folder / "text.nc", field, file);
  EXPECT_THROW(stated_observation_std(path), core::Error);
}

}  // namespace
}  // namespace foehn::evaluation

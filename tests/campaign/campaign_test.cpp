#include "foehn/campaign/campaign.hpp"

#include <gmock/gmock.h>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::campaign::campaign_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::ThrowsMessage;

/// Files of two models, as their names say it.
class Campaign : public ::testing::Test {
 protected:
  void add(const std::string& name) {
    const auto file = parse_cmip6_name(name);
    ASSERT_TRUE(file) << name;
    files_.push_back(*file);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Job& job : expand(settings_, files_)) names.push_back(job.name());
    return names;
  }
  void expect_refusal(const ::testing::Matcher<const std::string&>& message) const {
    EXPECT_THAT([&] { expand(settings_, files_); }, ThrowsMessage<core::UsageError>(message));
  }

  std::vector<Cmip6File> files_;
  Settings settings_{.folders = {},
                     .variables = {"tas", "uas"},
                     .tables = {},
                     .models = {},
                     .variants = {},
                     .periods = {"ssp585:2050-01-01/2051-12-31"},
                     .output = "campaign"};
};

TEST_F(Campaign, IsEveryModelVariantAndPeriodThatIsFound) {
  for (const char* model : {"B", "A"})
    for (const char* variant : {"r2i1p1f1", "r1i1p1f1"})
      for (const char* variable : {"tas", "uas"})
        for (const char* experiment : {"ssp585", "historical", "ssp126"})
          add(std::string(variable) + "_6hrPlevPt_" + model + "_" + experiment + "_" + variant +
              "_gn_2000-2060.nc");
  settings_.periods = {"ssp585:2050-01-01/2051-12-31", "historical:2001-01-01/2001-12-31"};
  EXPECT_THAT(
      names(),
      ElementsAre("A_ssp585_r1i1p1f1_20500101-20511231", "A_ssp585_r2i1p1f1_20500101-20511231",
                  "A_historical_r1i1p1f1_20010101-20011231", "A_historical_r2i1p1f1_20010101-20011231",
                  "B_ssp585_r1i1p1f1_20500101-20511231", "B_ssp585_r2i1p1f1_20500101-20511231",
                  "B_historical_r1i1p1f1_20010101-20011231", "B_historical_r2i1p1f1_20010101-20011231"));
  settings_.models = {"B"};
  settings_.variants = {"r2i1p1f1"};
  EXPECT_THAT(names(),
              ElementsAre("B_ssp585_r2i1p1f1_20500101-20511231", "B_historical_r2i1p1f1_20010101-20011231"));
  EXPECT_EQ(expand(settings_, files_)[1].folder(), "B/historical/r2i1p1f1/20010101-20011231");
}

TEST_F(Campaign, TakesTheFilesThatReachIntoThePeriodInOrder) {
  add("uas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_205001010000-205112311800.nc");
  for (const char* years : {"2052-2052", "2051-2051", "2049-2049", "2050-2050"})
    add(std::string("tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_") + years + ".nc");
  const std::vector<Job> jobs = expand(settings_, files_);
  ASSERT_EQ(jobs.size(), 1);
  EXPECT_THAT(jobs[0].missing, IsEmpty());
  EXPECT_THAT(jobs[0].files, ElementsAre("tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_2050-2050.nc",
                                         "tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_2051-2051.nc",
                                         "uas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_205001010000-205112311800.nc"));
}

TEST_F(Campaign, SaysWhatIsMissing) {
  settings_.variables = {"tas", "uas", "psl", "vas"};
  add("tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_20500201-20511231.nc");
  add("uas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_20500101-20500630.nc");
  add("uas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_20510101-20511231.nc");
  add("psl_6hrPlevPt_A_ssp585_r1i1p1f1_gn_20500101-20511130.nc");
  const std::vector<Job> jobs = expand(settings_, files_);
  ASSERT_EQ(jobs.size(), 1);
  EXPECT_THAT(jobs[0].missing,
              ElementsAre("tas: begins on 2050-02-01", "uas: none from 2050-06-30 to 2051-01-01",
                          "psl: ends on 2051-11-30", "vas: none from 2050-01-01 to 2051-12-31"));
}

TEST_F(Campaign, TakesMonthsOfAnyCalendarForWhole) {
  add("tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_205001010000-205002281800.nc");
  add("tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_205003010000-205012301800.nc");  // of 360 days
  add("tas_6hrPlevPt_A_ssp585_r1i1p1f1_gn_205101010000-205112311800.nc");
  settings_.variables = {"tas"};
  EXPECT_THAT(expand(settings_, files_)[0].missing, IsEmpty());
}

TEST_F(Campaign, MissesAModelThatIsAskedForByName) {
  settings_.models = {"A"};
  const std::vector<Job> jobs = expand(settings_, files_);
  ASSERT_EQ(jobs.size(), 1);
  EXPECT_THAT(jobs[0].missing, ElementsAre(HasSubstr("tas: none"), HasSubstr("uas: none")));
  settings_.models = {};
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(Campaign, AsksWhichTableOrGridIsMeant) {
  for (const char* place : {"6hrPlevPt_A_ssp585_r1i1p1f1_gn", "day_A_ssp585_r1i1p1f1_gn"})
    add(std::string("tas_") + place + "_2050-2051.nc");
  settings_.variables = {"tas"};
  expect_refusal(AllOf(HasSubstr("A ssp585 r1i1p1f1"), HasSubstr("6hrPlevPt on grid gn"),
                       HasSubstr("day on grid gn"), HasSubstr("input.tables")));
  settings_.tables = {"day"};
  EXPECT_THAT(expand(settings_, files_)[0].missing, IsEmpty());
  add("tas_day_A_ssp585_r1i1p1f1_gr_2050-2051.nc");
  expect_refusal(AllOf(HasSubstr("grid gn"), HasSubstr("grid gr")));
}

TEST(Periods, AreAnExperimentAndWholeDays) {
  EXPECT_THAT(parse_periods({"ssp585:2050-1-1/2079-12-31", "historical:1990-01-01/1990-01-01"}),
              ElementsAre(Period{"ssp585", "2050-01-01", "2079-12-31"},
                          Period{"historical", "1990-01-01", "1990-01-01"}));
  for (const char* text :
       {"2050-01-01/2050-12-31", "ssp585:2050-01-01", ":2050-01-01/2050-12-31", "ssp585:2050/2051",
        "ssp585:2050-01-01T06:00/2051-01-01", "ssp585:2051-01-01/2050-12-31"})
    EXPECT_THAT([&] { parse_periods({text}); },
                ThrowsMessage<core::UsageError>(AllOf(HasSubstr("campaign.periods"), HasSubstr(text),
                                                      HasSubstr("EXPERIMENT:FIRST/LAST"))));
  EXPECT_THAT(
      [] {
        parse_periods({"a:2050-01-01/2050-01-02", "a:2050-1-1/2050-1-2"});
      },
      ThrowsMessage<core::UsageError>(HasSubstr("given twice")));
}

TEST(StepsOfAPeriod, AreOfTheModelsCalendar) {
  const Period year{"ssp585", "2052-01-01", "2052-12-30"};
  EXPECT_EQ(steps_of(year, calendar::Calendar::day_360, 3600), 360 * 24);
  EXPECT_EQ(steps_of(year, calendar::Calendar::noleap, 3600), 364 * 24);
  EXPECT_EQ(steps_of(year, calendar::Calendar::standard, 21600), 365 * 4);
  EXPECT_THAT(
      [] {
        steps_of({"a", "2051-02-01", "2051-02-30"}, calendar::Calendar::noleap, 3600);
      },
      ThrowsMessage<core::Error>(HasSubstr("2051-02-30")));
  EXPECT_THAT(
      [] {
        steps_of({"a", "2051-02-01", "2051-02-03"}, calendar::Calendar::noleap, 25 * 3600);
      },
      ThrowsMessage<core::Error>(HasSubstr("25 h")));
}

TEST(CalendarOfAModel, IsThatOfItsTimes) {
  io::TemporaryFolder folder;
  io::FieldFile file;
  file.calendar = "360_day";
  file.write(folder / "tas.nc");
  EXPECT_EQ(calendar_of(folder / "tas.nc", "tas"), calendar::Calendar::day_360);
  EXPECT_THAT([&] { calendar_of(folder / "tas.nc", "uas"); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("tas.nc"), HasSubstr("uas"))));
}

}  // namespace
}  // namespace foehn::campaign::campaign_test

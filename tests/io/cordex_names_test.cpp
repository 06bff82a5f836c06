#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "foehn/core/error.hpp"
#include "io/cordex_member.hpp"

namespace foehn::io::cordex_names_test {
namespace {

using calendar::Calendar;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

std::vector<std::string> names_of(const FieldHeader& header, std::int64_t instants) {
  std::vector<std::string> names;
  for (const CordexFile& file : cordex_files(header, cordex_metadata(), instants)) names.push_back(file.name);
  return names;
}

TEST(CordexFiles, AreNamedByVariableSimulationAndSpan) {
  EXPECT_THAT(names_of(cordex_header(), 5), ElementsAre(name_of("psl", "1hr_201912312100-201912312300"),
                                                        name_of("tas", "1hr_201912312100-201912312300"),
                                                        name_of("psl", "1hr_202001010000-202001010100"),
                                                        name_of("tas", "1hr_202001010000-202001010100")));
}

TEST(CordexFiles, EndWithTheYearOfTheirCalendar) {
  struct Case {
    Calendar calendar;
    std::int64_t step_hours;
    std::string last_of_year;
    std::int64_t instants;
  };
  for (const Case& given : {Case{Calendar::day_360, 6, "6hr_201601010000-201612301800", 1440},
                            Case{Calendar::noleap, 3, "3hr_201601010000-201612312100", 2920},
                            Case{Calendar::standard, 1, "1hr_201601010000-201612312300", 8784}}) {
    FieldHeader header = cordex_header();
    header.variables.pop_back();
    header.calendar = given.calendar;
    header.step_seconds = given.step_hours * 3600;
    header.first_seconds = calendar::to_seconds({2016}, given.calendar);
    const auto files = cordex_files(header, cordex_metadata(), given.instants + 1);
    ASSERT_THAT(files, SizeIs(2));
    EXPECT_EQ(files[0].name, name_of("psl", given.last_of_year));
    EXPECT_EQ(files[0].count, given.instants);
    EXPECT_EQ(files[1].first, given.instants);
    EXPECT_THAT(files[1].name, HasSubstr("_201701010000-201701010000.nc"));
  }
}

TEST(CordexFiles, OfTwoMembersShareNoName) {
  FieldHeader header = cordex_header();
  header.realization = 0;
  EXPECT_THAT(names_of(header, 2), Each(HasSubstr("_v1-r1_")));
  header.realization = 10;
  EXPECT_THAT(names_of(header, 2), Each(HasSubstr("_v1-r11_")));
}

TEST(CordexFiles, RefuseWhatTheArchiveDoesNotKnow) {
  const auto expect_refused = [](const std::function<void(FieldHeader&)>& bend, const auto& words) {
    FieldHeader header = cordex_header();
    bend(header);
    EXPECT_THAT([&] { names_of(header, 5); }, ThrowsMessage<core::Error>(words));
  };
  expect_refused([](auto& header) { header.step_seconds = 600; }, HasSubstr("a step of 10 min"));
  expect_refused([](auto& header) { header.first_seconds += 1800; },
                 AllOf(HasSubstr("2019-12-31T21:30:00"), HasSubstr("multiple of 1 h")));
  expect_refused([](auto& header) { header.variables[0].name = "pr"; },
                 AllOf(HasSubstr("variable pr"), HasSubstr("tas, huss")));
  expect_refused([](auto& header) { header.variables[1].units = "degC"; },
                 AllOf(HasSubstr("t2m"), HasSubstr("degC, expected K")));
  expect_refused([](auto& header) { header.variables[1].standard_name = "dew_point_temperature"; },
                 AllOf(HasSubstr("t2m"), HasSubstr("expected air_temperature")));
  expect_refused(
      [](auto& header) {
        header.variables[0] = {"tas", "air_temperature", "K"};
      },
      AllOf(HasSubstr("t2m"), HasSubstr("two"), HasSubstr("tas")));
  expect_refused(
      [](auto& header) {
        header.first_seconds = calendar::to_seconds({9999, 12, 31, 23}, header.calendar);
      },
      HasSubstr("9999"));
}

TEST(CordexMetadataCheck, NamesWhatIsMissingAndWhatIsNotOfItsForm) {
  CordexMetadata metadata = cordex_metadata();
  check(metadata);
  metadata.attributes["contact"] = metadata.attributes["domain"] = "";
  EXPECT_THAT([&] { check(metadata); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("missing: domain (expected the region's name"),
                                               HasSubstr("; contact (expected"))));
  for (const auto& [key, value] : {std::pair{"source_id", "my_model"},
                                   {"driving_variant_label", "r1"},
                                   {"creation_date", "2025-02-30T00:00:00Z"},
                                   {"creation_date", "today"}}) {
    metadata = cordex_metadata();
    metadata.attributes[key] = value;
    EXPECT_THAT([&] { check(metadata); }, ThrowsMessage<core::Error>(AllOf(
                                              HasSubstr(std::string(key) + ": expected"), HasSubstr(value))));
  }
}

}  // namespace
}  // namespace foehn::io::cordex_names_test

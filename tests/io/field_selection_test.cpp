#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "io/test_files.hpp"

namespace foehn::io::field_selection_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(ParseVariable, ReadsNameAndStandardName) {
  EXPECT_EQ(parse_variable("t2m=air_temperature"), (Variable{"t2m", "air_temperature", ""}));
  EXPECT_EQ(parse_variable("tas"), (Variable{"tas", "", ""}));
  for (const char* text : {"", "=air_temperature", "t2m=", "t2m=a=b", "t2m, msl"}) {
    EXPECT_THAT([&] { parse_variable(text); },
                ThrowsMessage<core::Error>(HasSubstr("variable '" + std::string(text) + "'")));
  }
}

TEST(ExpandFiles, SortsWhatAPatternMatchesAndKeepsPlainPaths) {
  const TemporaryFolder folder;
  for (const char* name : {"b.nc", "a.nc", "c.txt"}) write_content(folder / name, "");
  EXPECT_THAT(expand_files({"plain.nc", (folder / "*.nc").string()}),
              ElementsAre("plain.nc", folder / "a.nc", folder / "b.nc"));
  EXPECT_THAT(expand_files({(folder / "[ab].n?").string()}), ElementsAre(folder / "a.nc", folder / "b.nc"));
  EXPECT_THAT(
      [&] { expand_files({(folder / "*.grib").string()}); },
      ThrowsMessage<core::Error>(HasSubstr("no file matches '" + (folder / "*.grib").string() + "'")));
}

TEST(ExpandFiles, TakesPathsWithSpacesAndBracketsThatAreThere) {
  const TemporaryFolder folder;
  for (const char* name : {"tas one.nc", "tas [1].nc"}) write_content(folder / name, "");
  EXPECT_THAT(expand_files({(folder / "tas one.nc").string(), (folder / "tas [1].nc").string()}),
              ElementsAre(folder / "tas one.nc", folder / "tas [1].nc"));
  EXPECT_THAT(expand_files({(folder / "tas o*.nc").string()}), ElementsAre(folder / "tas one.nc"));
  EXPECT_THAT([&] { expand_files({"a.nc b.nc"}); },
              ThrowsMessage<core::Error>(HasSubstr("no file 'a.nc b.nc' (files are separated by commas")));
}

/// Hourly from 2019-03-25 00:00 to 2019-03-27 23:00.
calendar::TimeAxis three_days() {
  calendar::TimeAxis axis;
  const std::int64_t first = calendar::to_seconds({2019, 3, 25}, axis.calendar);
  for (std::int64_t hour = 0; hour < 72; ++hour) axis.seconds.push_back(first + hour * 3600);
  return axis;
}

TEST(SelectPeriod, TakesBothEndsAndTheWholeOfALastDay) {
  const auto range = [](const std::string& start, const std::string& end) {
    const IndexRange found = select_period(three_days(), start, end);
    return std::pair(found.first, found.last);
  };
  EXPECT_EQ(range("", ""), std::pair(std::int64_t{0}, std::int64_t{72}));
  EXPECT_EQ(range("2019-03-26", "2019-03-26"), std::pair(std::int64_t{24}, std::int64_t{48}));
  EXPECT_EQ(range("2019-3-26 00:00", "2019-03-26T00:00"), std::pair(std::int64_t{24}, std::int64_t{25}));
  EXPECT_EQ(range("2019-03-26T05:30", ""), std::pair(std::int64_t{30}, std::int64_t{72}));
  EXPECT_EQ(range("", "2019-03-25T05:30"), std::pair(std::int64_t{0}, std::int64_t{6}));
}

TEST(SelectPeriod, FindsDaysOfDataThatStandAtNoon) {
  calendar::TimeAxis axis;
  for (int day = 1; day <= 3; ++day)
    axis.seconds.push_back(calendar::to_seconds({1961, 1, day, 12}, axis.calendar));
  const IndexRange range = select_period(axis, "1961-01-01", "1961-01-03");
  EXPECT_EQ(range.size(), 3);
  EXPECT_THROW(select_period(axis, "1961-01-01T00:00", ""), core::Error);
}

TEST(SelectPeriod, NamesTheDataWhereADateLiesOutside) {
  EXPECT_THAT([] { select_period(three_days(), "2019-03-24", ""); },
              ThrowsMessage<core::Error>("the start 2019-03-24 lies outside the data, which run from "
                                         "2019-03-25T00:00:00 to 2019-03-27T23:00:00"));
  EXPECT_THAT([] { select_period(three_days(), "", "2019-03-28"); },
              ThrowsMessage<core::Error>(HasSubstr("the end 2019-03-28 lies outside")));
  EXPECT_THAT([] { select_period(three_days(), "2019-03-27", "2019-03-26"); },
              ThrowsMessage<core::Error>(HasSubstr("no instant lies between")));
  EXPECT_THAT([] { select_period(three_days(), "soon", ""); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("'soon' is not a date"))));
}

}  // namespace
}  // namespace foehn::io::field_selection_test

#include "foehn/calendar/time_axis.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "foehn/core/error.hpp"

namespace foehn::calendar::time_axis_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TimeAxis axis_of_hours(const std::vector<std::int64_t>& hours) {
  TimeAxis axis;
  for (const std::int64_t hour : hours) axis.seconds.push_back(hour * 3600);
  return axis;
}

TEST(DecodeTimes, ReadsTheUnitsOfRealFiles) {
  const std::vector<double> values{0, 743};
  const TimeAxis era5 = decode_times(values, "hours since 2019-3-1 00:00:00", Calendar::proleptic_gregorian);
  EXPECT_EQ(era5.format(0), "2019-03-01T00:00:00");
  EXPECT_EQ(era5.format(1), "2019-03-31T23:00:00");

  const std::vector<double> old_era5{1043136};
  EXPECT_EQ(decode_times(old_era5, "hours since 1900-01-01 00:00:00.0", Calendar::standard).format(0),
            "2019-01-01T00:00:00");
  const std::vector<double> new_era5{1546300800};
  EXPECT_EQ(decode_times(new_era5, "seconds since 1970-01-01", Calendar::proleptic_gregorian).format(0),
            "2019-01-01T00:00:00");
  const std::vector<double> hadgem{39960.5};
  EXPECT_EQ(decode_times(hadgem, "days since 1850-01-01", Calendar::day_360).format(0),
            "1961-01-01T12:00:00");
  const std::vector<double> canesm{55114};
  EXPECT_EQ(decode_times(canesm, "days since 1950-01-01 00:00:00.000000", Calendar::noleap).format(0),
            "2100-12-31T00:00:00");
}

TEST(DecodeTimes, TakesEverySpellingOfTheUnits) {
  const std::vector<double> one{1};
  const auto decoded = [&](const std::string& unit) {
    return decode_times(one, unit + " since 1970-1-1", Calendar::standard).seconds.at(0);
  };
  for (const char* unit : {"s", "sec", "second", "seconds", "Seconds"}) EXPECT_EQ(decoded(unit), 1) << unit;
  for (const char* unit : {"min", "minute", "minutes"}) EXPECT_EQ(decoded(unit), 60) << unit;
  for (const char* unit : {"h", "hr", "hour", "hours", "HOURS"}) EXPECT_EQ(decoded(unit), 3600) << unit;
  for (const char* unit : {"d", "day", "days"}) EXPECT_EQ(decoded(unit), 86400) << unit;
}

TEST(DecodeTimes, RoundsToTheNearestSecond) {
  // A third of a day past day 60000, as a model writes it in float64, and just beside a second.
  const std::vector<double> values{60000.0 + 8.0 / 24.0, 0.1 / 86400, -0.6 / 86400};
  const TimeAxis axis = decode_times(values, "days since 1850-01-01", Calendar::noleap);
  const std::int64_t start = to_seconds({1850, 1, 1}, Calendar::noleap);
  EXPECT_EQ(axis.seconds, (std::vector<std::int64_t>{start + 60000LL * 86400 + 28800, start, start - 1}));
}

TEST(DecodeTimes, RefusesUnitsWithoutAFixedLengthAndNoDates) {
  const std::vector<double> one{1};
  const auto decoding = [&](const std::string& units) {
    return [&one, units] { decode_times(one, units, Calendar::standard); };
  };
  EXPECT_THAT(decoding("months since 1850-01-01"),
              ThrowsMessage<core::Error>(
                  AllOf(HasSubstr("months since"), HasSubstr("months and years have no fixed length"))));
  EXPECT_THAT(decoding("years since 1850-01-01"), ThrowsMessage<core::Error>(HasSubstr("years since")));
  EXPECT_THAT(decoding("days"), ThrowsMessage<core::Error>(HasSubstr("time units 'days'")));
  EXPECT_THAT(decoding("day as %Y%m%d.%f"), ThrowsMessage<core::Error>(HasSubstr("day as")));
  EXPECT_THAT(decoding("days since then"), ThrowsMessage<core::Error>(HasSubstr("'then' is not a date")));
  EXPECT_THAT(decoding("hours since 1900-01-01 00:00 CET"),
              ThrowsMessage<core::Error>(HasSubstr("only a time zone may follow")));
}

std::int64_t decode_one(double value, const std::string& unit, const std::string& reference) {
  const std::vector<double> one{value};
  return decode_times(one, fmt::format("{} since {}", unit, reference), Calendar::standard).seconds.front();
}

TEST(DecodeTimes, KnowsUnitsFromNanosecondsToWeeks) {
  for (const auto& [unit, amount] : {std::pair("weeks", 2.0),
                                     {"Days", 14.0},
                                     {"hr", 336.0},
                                     {"milliseconds", 1.2096e9},
                                     {"msec", 1.2096e9},
                                     {"microseconds", 1.2096e12},
                                     {"nanoseconds", 1.2096e15}})
    EXPECT_EQ(decode_one(amount, unit, "1970-1-1"), 14 * 86400) << unit;
}

TEST(DecodeTimes, TakesTheReferenceInItsTimeZone) {
  for (const auto& [reference, seconds] : {std::pair("1970-01-01T00:00:00+01:00", -3600),
                                           {"1970-01-01 00:00:00 -6", 21600},
                                           {"1970-01-01 00:00 +0530", -19800},
                                           {"1970-01-01 00:00 1:30", -5400},
                                           {"1970-01-01T00:00:00Z", 0},
                                           {"1970-1-1 0 UTC", 0}})
    EXPECT_EQ(decode_one(0, "hours", reference), seconds) << reference;
  for (const char* reference : {"1970-01-01 00:00 +15:00", "1970-01-01 00:00 +1:60",
                                "1970-01-01 00:00 +01:00:00", "1970-01-01 00:00 +12345"})
    EXPECT_THROW(decode_one(0, "hours", reference), core::Error) << reference;
}

TEST(TimeAxes, OfTheGregorianCalendarsAreComparableFromTheReformOn) {
  const auto axis = [](Calendar calendar, const DateTime& first) {
    return TimeAxis{calendar, {to_seconds(first, calendar), to_seconds({2000, 1, 1}, calendar)}};
  };
  const DateTime reform{1582, 10, 15}, before{1582, 10, 4};
  const TimeAxis standard = axis(Calendar::standard, reform);
  EXPECT_TRUE(are_comparable(standard, axis(Calendar::proleptic_gregorian, reform)));
  EXPECT_EQ(standard.seconds, axis(Calendar::proleptic_gregorian, reform).seconds);
  EXPECT_FALSE(are_comparable(standard, axis(Calendar::proleptic_gregorian, before)));
  EXPECT_FALSE(are_comparable(standard, axis(Calendar::julian, reform)));
  EXPECT_TRUE(are_comparable(axis(Calendar::julian, before), axis(Calendar::julian, before)));
}

TEST(DecodeTimes, NamesAValueThatIsNoTime) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 9.97e36}) {
    const std::vector<double> values{0, 1, bad};
    EXPECT_THAT([&] { decode_times(values, "hours since 1900-01-01", Calendar::standard); },
                ThrowsMessage<core::Error>(HasSubstr("value 2 is ")));
  }
}

TEST(RegularStep, IsTheCommonStepAndZeroForOneInstant) {
  EXPECT_EQ(regular_step_seconds(axis_of_hours({0, 6, 12, 18})), 6 * 3600);
  EXPECT_EQ(regular_step_seconds(axis_of_hours({5})), 0);
  EXPECT_EQ(regular_step_seconds(axis_of_hours({})), 0);
}

TEST(RegularStep, NamesTheGap) {
  EXPECT_THAT(
      [] {
        regular_step_seconds(axis_of_hours({0, 6, 18, 24}));
      },
      ThrowsMessage<core::Error>(
          "time axis: step 2, from 1970-01-01T06:00:00 to 1970-01-01T18:00:00, is 12 h, "
          "expected 6 h"));
  EXPECT_THAT(
      [] {
        regular_step_seconds(axis_of_hours({0, 12, 18, 24}));
      },
      ThrowsMessage<core::Error>(
          HasSubstr("step 1, from 1970-01-01T00:00:00 to 1970-01-01T12:00:00, is 12 h")));
}

TEST(RegularStep, NamesTheRepeatAndTheStepBack) {
  EXPECT_THAT(
      [] {
        regular_step_seconds(axis_of_hours({0, 1, 1, 2}));
      },
      ThrowsMessage<core::Error>("time axis: 1970-01-01T01:00:00 is repeated"));
  EXPECT_THAT(
      [] {
        regular_step_seconds(axis_of_hours({0, 1, 0, 1}));
      },
      ThrowsMessage<core::Error>("time axis: goes back from 1970-01-01T01:00:00 to 1970-01-01T00:00:00"));
  EXPECT_THAT(
      [] {
        regular_step_seconds(axis_of_hours({2, 1, 0}));
      },
      ThrowsMessage<core::Error>(HasSubstr("goes back")));
}

TEST(FormatStep, UsesTheLargestUnitThatDivides) {
  EXPECT_EQ(format_step(6 * 3600), "6 h");
  EXPECT_EQ(format_step(1800), "30 min");
  EXPECT_EQ(format_step(86400), "1 d");
  EXPECT_EQ(format_step(36 * 3600), "36 h");
  EXPECT_EQ(format_step(61), "61 s");
  EXPECT_EQ(format_step(0), "0 s");
  EXPECT_EQ(format_step(-3600), "-1 h");
}

}  // namespace
}  // namespace foehn::calendar::time_axis_test

#include "foehn/calendar/date_time.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "foehn/core/error.hpp"

namespace foehn::calendar::date_time_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kDay = 86400;
constexpr std::array kAllCalendars{Calendar::standard, Calendar::proleptic_gregorian,
                                   Calendar::julian,   Calendar::noleap,
                                   Calendar::all_leap, Calendar::day_360};

TEST(CalendarName, IsReadInAnyCaseAndUnderEveryCfName) {
  for (const Calendar calendar : kAllCalendars) EXPECT_EQ(parse_calendar(calendar_name(calendar)), calendar);
  EXPECT_EQ(parse_calendar("Gregorian"), Calendar::standard);
  EXPECT_EQ(parse_calendar("365_day"), Calendar::noleap);
  EXPECT_EQ(parse_calendar("366_DAY"), Calendar::all_leap);
  EXPECT_THAT([] { parse_calendar("none"); },
              ThrowsMessage<core::Error>(HasSubstr("unknown calendar 'none'")));
}

TEST(DateTime, CountsSecondsFrom1970InEveryCalendar) {
  for (const Calendar calendar : kAllCalendars) {
    EXPECT_EQ(to_seconds({1970, 1, 1}, calendar), 0) << calendar_name(calendar);
    EXPECT_EQ(to_seconds({1970, 1, 2, 3, 4, 5}, calendar), kDay + 3 * 3600 + 4 * 60 + 5)
        << calendar_name(calendar);
    EXPECT_EQ(to_seconds({1969, 12, calendar == Calendar::day_360 ? 30 : 31, 23, 59, 59}, calendar), -1);
  }
}

TEST(DateTime, AgreesWithKnownDayNumbers) {
  // Unix time, and Julian day numbers (1970-01-01 00:00 is 2440587.5).
  EXPECT_EQ(to_seconds({2000, 1, 1}, Calendar::standard), 10957 * kDay);
  EXPECT_EQ(to_seconds({2019, 3, 26, 6}, Calendar::proleptic_gregorian), 1553580000);
  EXPECT_EQ(to_seconds({1582, 10, 15}, Calendar::standard), -141427 * kDay);
  EXPECT_EQ(to_seconds({-4712, 1, 1, 12}, Calendar::standard), -2440587 * kDay - kDay / 2);
  EXPECT_EQ(to_seconds({1, 1, 1}, Calendar::proleptic_gregorian), -719162 * kDay);
  EXPECT_EQ(to_seconds({1, 1, 1}, Calendar::standard), -719164 * kDay);
  EXPECT_EQ(to_seconds({2070, 1, 1}, Calendar::noleap), 36500 * kDay);
  EXPECT_EQ(to_seconds({2070, 1, 1}, Calendar::all_leap), 36600 * kDay);
  EXPECT_EQ(to_seconds({2070, 1, 1}, Calendar::day_360), 36000 * kDay);
  EXPECT_EQ(to_seconds({2070, 1, 1}, Calendar::julian), 36525 * kDay);
}

TEST(DateTime, StandardCalendarGoesFrom4To15October1582) {
  const std::int64_t last_julian = to_seconds({1582, 10, 4, 23, 59, 59}, Calendar::standard);
  EXPECT_EQ(from_seconds(last_julian + 1, Calendar::standard), (DateTime{1582, 10, 15}));
  EXPECT_THAT(
      [] {
        to_seconds({1582, 10, 10}, Calendar::standard);
      },
      ThrowsMessage<core::Error>(HasSubstr("1582-10-10T00:00:00 does not exist in the calendar standard")));
  EXPECT_NO_THROW(to_seconds({1582, 10, 10}, Calendar::proleptic_gregorian));
  // 1500 was a leap year in the Julian calendar only.
  EXPECT_NO_THROW(to_seconds({1500, 2, 29}, Calendar::standard));
  EXPECT_THROW(to_seconds({1500, 2, 29}, Calendar::proleptic_gregorian), core::Error);
}

TEST(DateTime, EveryDayFollowsTheDayBeforeAndComesBackUnchanged) {
  for (const Calendar calendar : kAllCalendars) {
    const std::int64_t start = to_seconds({-401, 12, 30}, calendar);
    const std::int64_t end = to_seconds({2405, 1, 2}, calendar);
    DateTime before = from_seconds(start - kDay, calendar);
    for (std::int64_t seconds = start; seconds <= end; seconds += kDay) {
      const DateTime date = from_seconds(seconds, calendar);
      ASSERT_EQ(to_seconds(date, calendar), seconds)
          << calendar_name(calendar) << " " << format_date_time(date);
      const bool next_day =
          date.year == before.year && date.month == before.month && date.day == before.day + 1;
      const bool next_month = date.year == before.year && date.month == before.month + 1 && date.day == 1;
      const bool next_year =
          date.year == before.year + 1 && date.month == 1 && before.month == 12 && date.day == 1;
      const bool reform = calendar == Calendar::standard && date == DateTime{1582, 10, 15};
      ASSERT_TRUE(next_day || next_month || next_year || reform)
          << calendar_name(calendar) << ": " << format_date_time(before) << " -> " << format_date_time(date);
      before = date;
    }
  }
}

TEST(DateTime, RoundTripsAnySecondOfAMillionYears) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> anywhere(-900'000 * 360 * kDay, 900'000 * 360 * kDay);
  for (const Calendar calendar : kAllCalendars) {
    for (int i = 0; i < 20000; ++i) {
      const std::int64_t seconds = anywhere(random);
      ASSERT_EQ(to_seconds(from_seconds(seconds, calendar), calendar), seconds) << calendar_name(calendar);
    }
  }
}

TEST(DateTime, RefusesDatesThatTheCalendarDoesNotHave) {
  EXPECT_NO_THROW(to_seconds({2020, 2, 29}, Calendar::standard));
  EXPECT_THROW(to_seconds({1900, 2, 29}, Calendar::standard), core::Error);
  EXPECT_NO_THROW(to_seconds({1900, 2, 29}, Calendar::julian));
  EXPECT_THAT(
      [] {
        to_seconds({2020, 2, 29}, Calendar::noleap);
      },
      ThrowsMessage<core::Error>(HasSubstr("2020-02-29T00:00:00 does not exist in the calendar noleap")));
  EXPECT_NO_THROW(to_seconds({2019, 2, 29}, Calendar::all_leap));
  EXPECT_NO_THROW(to_seconds({2019, 2, 30}, Calendar::day_360));
  EXPECT_THROW(to_seconds({2019, 1, 31}, Calendar::day_360), core::Error);
  EXPECT_THROW(to_seconds({2019, 13, 1}, Calendar::standard), core::Error);
  EXPECT_THROW(to_seconds({2019, 0, 1}, Calendar::standard), core::Error);
  EXPECT_THROW(to_seconds({2019, 1, 1, 24}, Calendar::standard), core::Error);
  EXPECT_THROW(to_seconds({1'000'001, 1, 1}, Calendar::standard), core::Error);
}

TEST(DateTime, HasAYearZeroWhichIsLeapWhereTheRuleSaysSo) {
  for (const Calendar calendar : kAllCalendars) {
    EXPECT_EQ(from_seconds(to_seconds({1, 1, 1}, calendar) - 1, calendar).year, 0) << calendar_name(calendar);
  }
  EXPECT_NO_THROW(to_seconds({0, 2, 29}, Calendar::proleptic_gregorian));
  EXPECT_THROW(to_seconds({0, 2, 29}, Calendar::noleap), core::Error);
}

TEST(ParseDateTime, ReadsPaddedAndUnpaddedForms) {
  EXPECT_EQ(parse_date_time("2019-03-26"), (DateTime{2019, 3, 26}));
  EXPECT_EQ(parse_date_time("2019-3-1 6:00"), (DateTime{2019, 3, 1, 6}));
  EXPECT_EQ(parse_date_time(" 2019-03-26T06:07:08Z "), (DateTime{2019, 3, 26, 6, 7, 8}));
  EXPECT_EQ(parse_date_time("1900-01-01 00:00:0.0"), (DateTime{1900, 1, 1}));
  EXPECT_EQ(parse_date_time("1900-01-01 00:00:00.000000"), (DateTime{1900, 1, 1}));
  EXPECT_EQ(parse_date_time("1-1-1 0"), (DateTime{1, 1, 1}));
  EXPECT_EQ(parse_date_time("0000-01-01"), (DateTime{0, 1, 1}));
  EXPECT_EQ(parse_date_time("-4712-01-01T12:00"), (DateTime{-4712, 1, 1, 12}));
}

TEST(ToSeconds, SaysHowManyDaysAMonthHas) {
  EXPECT_THAT(
      [] {
        to_seconds({2014, 12, 31}, Calendar::day_360);
      },
      ThrowsMessage<core::Error>(HasSubstr(
          "2014-12-31T00:00:00 does not exist in the calendar 360_day, where that month has 30 days")));
}

TEST(ParseDateTime, TakesUtcInAnySpellingAndRefusesOtherZones) {
  for (const char* zone :
       {"Z", " UTC", " utc", " GMT", "+00:00", " +0:00", " -00:00", " 00:00", "+0000", " -0", ""}) {
    EXPECT_EQ(parse_date_time(std::string("1992-10-8 15:15:42") + zone), (DateTime{1992, 10, 8, 15, 15, 42}))
        << zone;
  }
  EXPECT_THAT([] { parse_date_time("1992-10-8 15:15:42 -6:00"); },
              ThrowsMessage<core::Error>(HasSubstr("the time zone must be UTC")));
  EXPECT_EQ(parse_date_time("1992-10-8 UTC"), (DateTime{1992, 10, 8}));
  EXPECT_THROW(parse_date_time("1992-10-8 15:15:42 00:30"), core::Error);
  EXPECT_THROW(parse_date_time("1992-10-8 15:15:42 CET"), core::Error);
  EXPECT_THAT([] { parse_date_time("1992-10-8 15:15:42.05"); },
              ThrowsMessage<core::Error>(HasSubstr("fractions of a second")));
}

TEST(ParseDateTime, NamesTheTextThatIsNoDate) {
  for (const char* text : {"", "2019", "2019-03", "yesterday", "2019-03-26T", "2019/03/26", "2019-13-01",
                           "2019-00-01", "2019-01-32", "2019-01-01 24:00", "2019-01-01 00:60",
                           "2019-01-01 00:00:60", "20190326", "2019-03-26 x", "99999999-01-01"}) {
    EXPECT_THAT([&] { parse_date_time(text); },
                ThrowsMessage<core::Error>(HasSubstr(fmt::format("'{}' is not a date", text))));
  }
}

TEST(FormatDateTime, PadsAndIsReadBack) {
  EXPECT_EQ(format_date_time({2019, 3, 6, 6, 5, 4}), "2019-03-06T06:05:04");
  EXPECT_EQ(format_date_time({-44, 3, 15}), "-0044-03-15T00:00:00");
  EXPECT_EQ(parse_date_time(format_date_time({-44, 3, 15, 1, 2, 3})), (DateTime{-44, 3, 15, 1, 2, 3}));
}

TEST(YearFraction, RunsFromZeroToJustBelowOne) {
  for (const Calendar calendar : kAllCalendars) {
    const std::int64_t start = to_seconds({2020, 1, 1}, calendar);
    EXPECT_EQ(year_fraction(start, calendar), 0.0);
    const double end = year_fraction(to_seconds({2021, 1, 1}, calendar) - 1, calendar);
    EXPECT_LT(end, 1.0);
    EXPECT_GT(end, 0.9999999);
  }
  EXPECT_DOUBLE_EQ(year_fraction(to_seconds({2020, 7, 1}, Calendar::day_360), Calendar::day_360), 0.5);
  EXPECT_DOUBLE_EQ(year_fraction(to_seconds({2020, 7, 2}, Calendar::standard), Calendar::standard),
                   183.0 / 366.0);
}

}  // namespace
}  // namespace foehn::calendar::date_time_test

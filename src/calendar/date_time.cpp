#include "foehn/calendar/date_time.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"

namespace foehn::calendar {
namespace {

/// Far beyond any use, and far from overflow in seconds.
constexpr std::int64_t kLargestYear = 1'000'000;
/// How much of a text that came from a file is repeated in a message.
constexpr std::size_t kLongestQuote = 64;

/// The pure calendars: `standard` is Julian before 1582-10-15 and Gregorian from then on.
bool is_pure(Calendar calendar) {
  return calendar != Calendar::standard;
}

constexpr DateTime kFirstGregorianDay{1582, 10, 15};

bool is_leap_year(std::int64_t year, Calendar calendar) {
  switch (calendar) {
    case Calendar::proleptic_gregorian:
      return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    case Calendar::julian:
      return year % 4 == 0;
    case Calendar::all_leap:
      return true;
    default:
      return false;
  }
}

int days_in_month(std::int64_t year, int month, Calendar calendar) {
  if (calendar == Calendar::day_360) return 30;
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap_year(year, calendar) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

std::int64_t floor_divide(std::int64_t numerator, std::int64_t denominator) {
  return numerator / denominator - (numerator % denominator < 0 ? 1 : 0);
}

/// Days from 0001-01-01 to the first day of `year`, in a pure calendar.
std::int64_t days_before_year(std::int64_t year, Calendar calendar) {
  const std::int64_t years = year - 1;
  switch (calendar) {
    case Calendar::proleptic_gregorian:
      return 365 * years + floor_divide(years, 4) - floor_divide(years, 100) + floor_divide(years, 400);
    case Calendar::julian:
      return 365 * years + floor_divide(years, 4);
    case Calendar::all_leap:
      return 366 * years;
    case Calendar::day_360:
      return 360 * years;
    default:
      return 365 * years;
  }
}

/// Days since 0001-01-01 of a pure calendar.
std::int64_t day_number(const DateTime& date, Calendar calendar) {
  std::int64_t days = days_before_year(date.year, calendar) + date.day - 1;
  for (int month = 1; month < date.month; ++month) days += days_in_month(date.year, month, calendar);
  return days;
}

/// Inverse of day_number.
DateTime date_of_day(std::int64_t days, Calendar calendar) {
  // No year is longer than 366 days, so each step goes the right way and never too far; it leaves at most a
  // sixtieth of the distance, and the last year or two are walked.
  DateTime date;
  for (std::int64_t rest = days; std::abs(rest) > 366;) {
    date.year += rest / 366;
    rest = days - days_before_year(date.year, calendar);
  }
  while (days < days_before_year(date.year, calendar)) --date.year;
  while (days >= days_before_year(date.year + 1, calendar)) ++date.year;

  std::int64_t rest = days - days_before_year(date.year, calendar);
  while (rest >= days_in_month(date.year, date.month, calendar)) {
    rest -= days_in_month(date.year, date.month, calendar);
    ++date.month;
  }
  date.day = static_cast<int>(rest) + 1;
  return date;
}

/// Days since 1970-01-01 of the same calendar.
std::int64_t epoch_day(const DateTime& date, Calendar calendar) {
  return day_number(date, calendar) - day_number({1970, 1, 1}, calendar);
}

DateTime date_of_epoch_day(std::int64_t days, Calendar calendar) {
  return date_of_day(days + day_number({1970, 1, 1}, calendar), calendar);
}

bool is_before(const DateTime& a, const DateTime& b) {
  return std::array<std::int64_t, 3>{a.year, a.month, a.day} <
         std::array<std::int64_t, 3>{b.year, b.month, b.day};
}

/// In `standard`, 1582-10-04 (Julian) is the day before 1582-10-15 (Gregorian): what to add to a Julian epoch
/// day.
std::int64_t julian_shift() {
  return epoch_day(kFirstGregorianDay, Calendar::proleptic_gregorian) - 1 -
         epoch_day({1582, 10, 4}, Calendar::julian);
}

/// The pure calendar that `standard` follows on a date.
Calendar calendar_on(const DateTime& date) {
  return is_before(date, kFirstGregorianDay) ? Calendar::julian : Calendar::proleptic_gregorian;
}

void check_exists(const DateTime& date, Calendar calendar) {
  const Calendar pure = is_pure(calendar) ? calendar : calendar_on(date);
  const bool in_range = std::abs(date.year) <= kLargestYear && date.month >= 1 && date.month <= 12 &&
                        date.day >= 1 && date.day <= days_in_month(date.year, date.month, pure) &&
                        date.hour >= 0 && date.hour < 24 && date.minute >= 0 && date.minute < 60 &&
                        date.second >= 0 && date.second < 60;
  const bool in_gap = !is_pure(calendar) && pure == Calendar::julian && is_before({1582, 10, 4}, date);
  if (!in_range || in_gap) {
    const bool is_beyond_month = std::abs(date.year) <= kLargestYear && date.month >= 1 && date.month <= 12 &&
                                 date.day > days_in_month(date.year, date.month, pure);
    throw core::Error(
        "the date " + format_date_time(date) + " does not exist in the calendar " + calendar_name(calendar) +
        (is_beyond_month ? ", where that month has " +
                               std::to_string(days_in_month(date.year, date.month, pure)) + " days"
                         : ""));
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads a text from its front.
class TextCursor {
 public:
  explicit TextCursor(std::string_view text) : rest_(text) {}

  std::string_view rest() const { return rest_; }

  void skip_spaces() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }

  bool accept(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// Reads 1 to `most_digits` digits (at most 9); false if there are none or more.
  bool read_number(std::size_t most_digits, int& number) {
    std::size_t digits = 0;
    while (digits < rest_.size() && is_digit(rest_[digits])) ++digits;
    if (digits == 0 || digits > most_digits) return false;
    number = 0;
    for (std::size_t i = 0; i < digits; ++i) number = 10 * number + (rest_[i] - '0');
    rest_.remove_prefix(digits);
    return true;
  }

  /// Skips digits; true if one of them was not 0.
  bool skip_digits() {
    bool any_set = false;
    for (; !rest_.empty() && is_digit(rest_.front()); rest_.remove_prefix(1)) any_set |= rest_.front() != '0';
    return any_set;
  }

 private:
  std::string_view rest_;
};

/// The offset of a time zone in seconds, such as "", "Z", "UTC", "+00:00", "-6", "1:30" or "+0530"; nothing
/// if the text is not a time zone.
std::optional<std::int64_t> zone_offset(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  const std::string zone = core::lower_case(text);
  if (zone.empty() || zone == "z" || zone == "utc" || zone == "gmt") return 0;
  TextCursor cursor(zone);
  const bool is_west = cursor.accept('-');
  if (!is_west) cursor.accept('+');
  const std::size_t before = cursor.rest().size();
  int hours = 0, minutes = 0;
  if (!cursor.read_number(4, hours)) return std::nullopt;
  if (before - cursor.rest().size() > 2) {  // hours and minutes in one
    minutes = hours % 100;
    hours /= 100;
  } else if (cursor.accept(':') && !cursor.read_number(2, minutes)) {
    return std::nullopt;
  }
  constexpr int kMostHours = 14;
  if (!cursor.rest().empty() || hours > kMostHours || minutes > 59) return std::nullopt;
  return (is_west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

struct ZonedDateTime {
  DateTime date_time;
  std::int64_t offset_seconds = 0;  ///< of the time zone: ahead of UTC
};

ZonedDateTime parse_zoned(const std::string& text) {
  const auto require = [&](bool holds, const std::string& why) {
    if (!holds) throw core::Error("'" + text.substr(0, kLongestQuote) + "' is not a date: " + why);
  };
  const std::string form = "expected a form such as 2019-03-26 or 2019-03-26T06:00:00";
  TextCursor cursor(text);
  DateTime date;
  cursor.skip_spaces();
  const bool negative = cursor.accept('-');
  if (!negative) cursor.accept('+');
  int year = 0;
  require(cursor.read_number(7, year) && cursor.accept('-') && cursor.read_number(2, date.month) &&
              cursor.accept('-') && cursor.read_number(2, date.day),
          form);
  date.year = negative ? -year : year;

  const bool needs_time = cursor.accept('T') || cursor.accept('t');
  cursor.skip_spaces();
  if (cursor.read_number(2, date.hour)) {
    const bool has_minute = cursor.accept(':');
    require(!has_minute || cursor.read_number(2, date.minute), form);
    const bool has_second = has_minute && cursor.accept(':');
    require(!has_second || cursor.read_number(2, date.second), form);
    if (has_second && cursor.accept('.')) {
      require(!cursor.skip_digits(), "fractions of a second are not supported");
    }
  } else {
    require(!needs_time, form);
  }
  cursor.skip_spaces();
  const auto offset_seconds = zone_offset(cursor.rest());
  require(offset_seconds.has_value(), "only a time zone may follow, such as Z, UTC or +01:00");

  require(year <= kLargestYear, "the year is out of range");
  require(date.month >= 1 && date.month <= 12, "the month must be 1 to 12");
  require(date.day >= 1 && date.day <= 31, "the day must be 1 to 31");
  require(date.hour <= 23, "the hour must be 0 to 23");
  require(date.minute <= 59, "the minute must be 0 to 59");
  require(date.second <= 59, "the second must be 0 to 59");
  return {date, *offset_seconds};
}

}  // namespace

Calendar parse_calendar(const std::string& name) {
  const std::string lower = core::lower_case(name);
  if (lower == "standard" || lower == "gregorian") return Calendar::standard;
  if (lower == "proleptic_gregorian") return Calendar::proleptic_gregorian;
  if (lower == "julian") return Calendar::julian;
  if (lower == "noleap" || lower == "365_day") return Calendar::noleap;
  if (lower == "all_leap" || lower == "366_day") return Calendar::all_leap;
  if (lower == "360_day") return Calendar::day_360;
  throw core::Error(
      "unknown calendar '" + name.substr(0, kLongestQuote) +
      "', expected standard, gregorian, proleptic_gregorian, julian, noleap, 365_day, all_leap, "
      "366_day or 360_day");
}

std::string calendar_name(Calendar calendar) {
  switch (calendar) {
    case Calendar::standard:
      return "standard";
    case Calendar::proleptic_gregorian:
      return "proleptic_gregorian";
    case Calendar::julian:
      return "julian";
    case Calendar::noleap:
      return "noleap";
    case Calendar::all_leap:
      return "all_leap";
    case Calendar::day_360:
      return "360_day";
  }
  throw core::Error("unknown calendar");
}

DateTime parse_date_time(const std::string& text) {
  const auto [date_time, offset_seconds] = parse_zoned(text);
  if (offset_seconds != 0)
    throw core::Error("'" + text.substr(0, kLongestQuote) + "' is not a date: the time zone must be UTC");
  return date_time;
}

std::int64_t parse_seconds(const std::string& text, Calendar calendar) {
  const auto [date_time, offset_seconds] = parse_zoned(text);
  return to_seconds(date_time, calendar) - offset_seconds;
}

std::string format_date_time(const DateTime& date_time) {
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%s%04lld-%02d-%02dT%02d:%02d:%02d", date_time.year < 0 ? "-" : "",
                std::abs(static_cast<long long>(date_time.year)), date_time.month, date_time.day,
                date_time.hour, date_time.minute, date_time.second);
  return text.data();
}

std::int64_t to_seconds(const DateTime& date_time, Calendar calendar) {
  check_exists(date_time, calendar);
  const Calendar pure = is_pure(calendar) ? calendar : calendar_on(date_time);
  std::int64_t days = epoch_day(date_time, pure);
  if (!is_pure(calendar) && pure == Calendar::julian) days += julian_shift();
  return days * kSecondsPerDay + date_time.hour * 3600 + date_time.minute * 60 + date_time.second;
}

DateTime from_seconds(std::int64_t seconds, Calendar calendar) {
  const std::int64_t days = floor_divide(seconds, kSecondsPerDay);
  const int second_of_day = static_cast<int>(seconds - days * kSecondsPerDay);
  DateTime date;
  if (is_pure(calendar)) {
    date = date_of_epoch_day(days, calendar);
  } else if (days >= epoch_day(kFirstGregorianDay, Calendar::proleptic_gregorian)) {
    date = date_of_epoch_day(days, Calendar::proleptic_gregorian);
  } else {
    date = date_of_epoch_day(days - julian_shift(), Calendar::julian);
  }
  date.hour = second_of_day / 3600;
  date.minute = second_of_day / 60 % 60;
  date.second = second_of_day % 60;
  return date;
}

double year_fraction(std::int64_t seconds, Calendar calendar) {
  const std::int64_t year = from_seconds(seconds, calendar).year;
  const std::int64_t start = to_seconds({year, 1, 1}, calendar);
  const std::int64_t end = to_seconds({year + 1, 1, 1}, calendar);
  return static_cast<double>(seconds - start) / static_cast<double>(end - start);
}

}  // namespace foehn::calendar

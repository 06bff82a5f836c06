#pragma once

#include <cstdint>
#include <string>

namespace foehn::calendar {

inline constexpr std::int64_t kSecondsPerDay = 86400;  ///< in every calendar

/// The calendars of the CF conventions, section 4.4.1.
enum class Calendar { standard, proleptic_gregorian, julian, noleap, all_leap, day_360 };

/// @param name  a CF calendar attribute: standard, gregorian, proleptic_gregorian, julian, noleap, 365_day,
///              all_leap, 366_day, 360_day (any case)
/// @throws Error naming the calendar and the known ones
Calendar parse_calendar(const std::string& name);
std::string calendar_name(Calendar calendar);

/// A date and time of day, without a calendar and without a time zone (CF times are UTC).
///
/// Years are counted astronomically in every calendar: year 0 exists and comes before year 1.
struct DateTime {
  std::int64_t year = 1;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  bool operator==(const DateTime&) const = default;
};

/// Reads "2019-03-26", "2019-3-26 6:00", "2019-03-26T06:00:00Z" and the like; fields may be unpadded, and a
/// time zone (Z, UTC, GMT, +00:00) and a fraction of a second may follow if they are zero.
/// @throws Error naming the text if it is not such a date
DateTime parse_date_time(const std::string& text);

/// Reads such a date with any time zone ("2000-01-01 00:00 +01:00", "-6", "+0530") and returns the
/// to_seconds of its UTC.
/// @throws Error naming the text if it is not such a date, or the date if the calendar does not have it
std::int64_t parse_seconds(const std::string& text, Calendar calendar);

/// "2019-03-26T06:00:00"
std::string format_date_time(const DateTime& date_time);

/// Seconds since 1970-01-01 00:00:00 of the same calendar. In `standard`, dates before 1582-10-15 are Julian.
/// @throws Error if the date does not exist in the calendar (30 February, 29 February of a noleap year,
///         1582-10-10 in `standard`) or is more than a million years away
std::int64_t to_seconds(const DateTime& date_time, Calendar calendar);

/// Inverse of to_seconds.
DateTime from_seconds(std::int64_t seconds, Calendar calendar);

/// Position in the year, [0, 1).
double year_fraction(std::int64_t seconds, Calendar calendar);

}  // namespace foehn::calendar

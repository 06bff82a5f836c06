// Calendar arithmetic beside that of cftime, which xarray uses.
#include <gtest/gtest.h>

#include <sstream>

#include "foehn/calendar/date_time.hpp"
#include "process.hpp"

namespace foehn::testing::calendar_test {
namespace {

/// Lines "calendar seconds date" of random dates, as cftime has them; years are astronomical.
constexpr const char* kScript = R"(
import cftime, random, sys
random.seed(20261121)
for calendar in ['standard', 'proleptic_gregorian', 'julian', 'noleap', 'all_leap', '360_day']:
    units = 'seconds since 1970-01-01 00:00:00'
    for _ in range(10000):
        seconds = random.randrange(-63000000000, 63000000000)
        date = cftime.num2date(seconds, units, calendar, has_year_zero=True)
        print(calendar, seconds, '%05d-%02d-%02dT%02d:%02d:%02d' % (date.year, date.month, date.day, date.hour,
                                                                 date.minute, date.second))
)";

TEST(Calendar, AgreesWithCftimeOnTenThousandDatesOfEach) {
  if (run_command({FOEHN_PYTHON, "-c", "import cftime"}).exit_code != 0) GTEST_SKIP() << "skipped: no cftime";
  const Outcome outcome = run_command({FOEHN_PYTHON, "-c", kScript}, std::chrono::seconds(120));
  ASSERT_EQ(outcome.exit_code, 0) << outcome;
  std::istringstream lines(outcome.out);
  std::string name, date;
  std::int64_t seconds = 0;
  int count = 0, wrong = 0;
  while (lines >> name >> seconds >> date) {
    ++count;
    const calendar::Calendar calendar = calendar::parse_calendar(name);
    calendar::DateTime expected;
    const char sign = date[0];
    std::istringstream fields(sign == '-' ? date.substr(1) : date);
    char separator = 0;
    fields >> expected.year >> separator >> expected.month >> separator >> expected.day >> separator >>
        expected.hour >> separator >> expected.minute >> separator >> expected.second;
    if (sign == '-') expected.year = -expected.year;
    const bool is_right = calendar::from_seconds(seconds, calendar) == expected &&
                          calendar::to_seconds(expected, calendar) == seconds;
    if (!is_right && ++wrong < 5) ADD_FAILURE() << name << ' ' << seconds << ' ' << date;
  }
  EXPECT_EQ(count, 60000);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace foehn::testing::calendar_test

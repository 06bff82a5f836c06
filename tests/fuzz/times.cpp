// CF time units, calendars and dates.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace foehn;
  if (size < 9) return 0;
  double value = 0;
  std::memcpy(&value, bytes, sizeof value);
  const auto calendar = static_cast<calendar::Calendar>(bytes[8] % 6);
  const std::string text(reinterpret_cast<const char*>(bytes + 9), size - 9);
  try {
    const auto axis = calendar::decode_times({&value, 1}, text, calendar);
    // A date that is told must be one that is understood.
    const auto date = calendar::from_seconds(axis.seconds[0], calendar);
    if (calendar::to_seconds(date, calendar) != axis.seconds[0]) __builtin_trap();
  } catch (const core::Error&) {
  }
  try {
    const auto date = calendar::parse_date_time(text);
    const auto seconds = calendar::to_seconds(date, calendar);
    if (!(calendar::from_seconds(seconds, calendar) == date)) __builtin_trap();
  } catch (const core::Error&) {
  }
  try {
    calendar::parse_calendar(text);
  } catch (const core::Error&) {
  }
  return 0;
}

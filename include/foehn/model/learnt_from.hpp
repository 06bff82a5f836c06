#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "foehn/calendar/date_time.hpp"

namespace foehn::model {

/// The first and the last instant that a prior was learnt from, seconds since 1970-01-01 of its calendar.
struct LearntFrom {
  std::int64_t first_seconds = 0;
  std::int64_t last_seconds = 0;
  bool operator==(const LearntFrom&) const = default;
};

/// As metadata of a prior's weights.
std::map<std::string, std::string> remarks_of(const LearntFrom& period, calendar::Calendar calendar);

/// What the metadata of a prior's weights say; nothing for a prior of a version that did not say it.
/// @param calendar  of the prior's domain
/// @throws core::Error for metadata that are no two dates, the second not before the first
std::optional<LearntFrom> learnt_from(const std::map<std::string, std::string>& metadata,
                                      calendar::Calendar calendar);

/// "2019-03-01T00:00:00 to 2019-03-24T23:00:00"
std::string describe(const LearntFrom& period, calendar::Calendar calendar);

}  // namespace foehn::model

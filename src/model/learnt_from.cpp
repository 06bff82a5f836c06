#include "foehn/model/learnt_from.hpp"

#include <fmt/format.h>

#include "foehn/core/error.hpp"

namespace foehn::model {

namespace {

constexpr const char* kKey = "foehn.learnt_from";

std::string date_text(std::int64_t seconds, calendar::Calendar calendar) {
  return calendar::format_date_time(calendar::from_seconds(seconds, calendar));
}

}  // namespace

std::map<std::string, std::string> remarks_of(const LearntFrom& period, calendar::Calendar calendar) {
  return {{kKey, fmt::format("{}/{}", date_text(period.first_seconds, calendar),
                             date_text(period.last_seconds, calendar))}};
}

std::optional<LearntFrom> learnt_from(const std::map<std::string, std::string>& metadata,
                                      calendar::Calendar calendar) {
  const auto found = metadata.find(kKey);
  if (found == metadata.end()) return std::nullopt;
  const std::string& text = found->second;
  return core::with_context(fmt::format("metadata {}", kKey), [&] {
    const auto slash = text.find('/');
    if (slash == std::string::npos)
      throw core::Error(fmt::format("expected two dates with '/' between them, found '{}'", text));
    const LearntFrom period{calendar::parse_seconds(text.substr(0, slash), calendar),
                            calendar::parse_seconds(text.substr(slash + 1), calendar)};
    if (period.last_seconds < period.first_seconds)
      throw core::Error(fmt::format("expected rising dates, found '{}'", text));
    return std::optional(period);
  });
}

std::string describe(const LearntFrom& period, calendar::Calendar calendar) {
  return fmt::format("{} to {}", date_text(period.first_seconds, calendar),
                     date_text(period.last_seconds, calendar));
}

}  // namespace foehn::model

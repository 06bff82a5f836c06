#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace foehn::service {

/// Priorities are from 0 to this; the higher one is served first.
inline constexpr std::int64_t kHighestPriority = 999;
inline constexpr std::int64_t kUsualPriority = 500;

/// What a spool knows of a job without reading it: the name of its file, in whatever folder, so that one
/// rename is all that a change of state takes.
struct Ticket {
  std::int64_t priority = kUsualPriority;
  std::int64_t serial = 0;   ///< order of arrival; two jobs that arrive at once may have the same
  std::string name;          ///< of one job of the spool alone
  std::int64_t crashes = 0;  ///< of services that ran it

  /// "500-00000012-NAME.0.ini"
  std::string file() const;
  /// "500-00000012-NAME.0.txt", beside a job that failed.
  std::string message_file() const;
  bool operator==(const Ticket&) const = default;
};

/// A job that a service has taken.
struct Claim {
  Ticket ticket;
  std::string service;

  /// "500-00000012-NAME.0.SERVICE.ini"
  std::string file() const;
  bool operator==(const Claim&) const = default;
};

/// Nothing if this is not the name of a job's file.
std::optional<Ticket> parse_ticket(const std::string& file);
std::optional<Claim> parse_claim(const std::string& file);

/// Is `one` served before `other`?
bool is_before(const Ticket& one, const Ticket& other);

/// @throws core::UsageError unless the name consists of letters, digits, '-', '_' and '.', and begins with a
///         letter or a digit
void check_job_name(const std::string& name);

}  // namespace foehn::service

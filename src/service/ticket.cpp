#include "foehn/service/ticket.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "foehn/core/error.hpp"

namespace foehn::service {

namespace {

constexpr const char* kSuffix = ".ini";
constexpr std::size_t kLongestName = 150;  // file systems allow 255 for the whole name

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

std::optional<std::int64_t> parse_number(const std::string& text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) return std::nullopt;
  return number;
}

/// Takes what stands before the first separator away from the text.
std::string take_first(std::string& text, char separator) {
  const auto place = std::min(text.find(separator), text.size());
  const std::string part = text.substr(0, place);
  text.erase(0, std::min(place + 1, text.size()));
  return part;
}

/// Takes what stands behind the last separator away from the text.
std::string take_last(std::string& text, char separator) {
  const auto place = text.rfind(separator);
  if (place == std::string::npos) return std::exchange(text, "");
  const std::string part = text.substr(place + 1);
  text.erase(place);
  return part;
}

/// "500-00000012-NAME.0"
std::string stem_of(const Ticket& ticket) {
  return fmt::format("{:03}-{:08}-{}.{}", ticket.priority, ticket.serial, ticket.name, ticket.crashes);
}

std::optional<Ticket> parse_stem(std::string stem) {
  Ticket ticket;
  const auto crashes = parse_number(take_last(stem, '.'));
  const auto priority = parse_number(take_first(stem, '-')), serial = parse_number(take_first(stem, '-'));
  if (!priority || !serial || !crashes || stem.empty()) return std::nullopt;
  return Ticket{*priority, *serial, stem, *crashes};
}

}  // namespace

std::string Ticket::file() const {
  return stem_of(*this) + kSuffix;
}

std::string Ticket::message_file() const {
  return stem_of(*this) + ".txt";
}

std::string Claim::file() const {
  return fmt::format("{}.{}{}", stem_of(ticket), service, kSuffix);
}

std::optional<Ticket> parse_ticket(const std::string& file) {
  if (!file.ends_with(kSuffix)) return std::nullopt;
  const auto ticket = parse_stem(file.substr(0, file.size() - std::string(kSuffix).size()));
  // A file of another spelling could not be renamed by what it says.
  return ticket && ticket->file() == file ? ticket : std::nullopt;
}

std::optional<Claim> parse_claim(const std::string& file) {
  if (!file.ends_with(kSuffix)) return std::nullopt;
  std::string stem = file.substr(0, file.size() - std::string(kSuffix).size());
  const std::string service = take_last(stem, '.');
  const auto ticket = parse_stem(stem);
  if (!ticket || service.empty()) return std::nullopt;
  return Claim{*ticket, service};
}

bool is_before(const Ticket& one, const Ticket& other) {
  return std::tuple(-one.priority, one.serial, one.name) <
         std::tuple(-other.priority, other.serial, other.name);
}

void check_job_name(const std::string& name) {
  const bool has_odd_letter = std::any_of(name.begin(), name.end(), [](char letter) {
    return !is_letter_or_digit(letter) && letter != '-' && letter != '_' && letter != '.';
  });
  if (!name.empty() && !has_odd_letter && is_letter_or_digit(name.front()) && name.size() <= kLongestName)
    return;
  throw core::UsageError(
      fmt::format("a job is named after its file: expected at most {} letters, digits, '-', '_' and '.', the "
                  "first a letter or a digit, found '{}'",
                  kLongestName, name));
}

}  // namespace foehn::service

#include "foehn/service/submission.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>
#include <iomanip>
#include <sstream>

namespace foehn::service {

namespace {

constexpr const char* kBeginning = "# submitted ";
constexpr const char* kTimeForm = "%Y-%m-%dT%H:%M:%SZ";

}  // namespace

std::string with_origin(const std::string& text, const std::filesystem::path& file) {
  return fmt::format("{}{:%Y-%m-%dT%H:%M:%S}Z from {}\n{}", kBeginning, fmt::gmtime(std::time(nullptr)),
                     std::filesystem::absolute(file).lexically_normal().string(), text);
}

std::string without_origin(const std::string& text) {
  return text.starts_with(kBeginning) ? text.substr(text.find('\n') + 1) : text;
}

std::optional<double> submitted_at(const std::string& text) {
  const std::string beginning = kBeginning;
  if (!text.starts_with(beginning)) return std::nullopt;
  std::tm time{};
  std::istringstream stream(text.substr(beginning.size(), text.find('\n') - beginning.size()));
  stream >> std::get_time(&time, kTimeForm);
  if (stream.fail()) return std::nullopt;
  return static_cast<double>(::timegm(&time));
}

}  // namespace foehn::service

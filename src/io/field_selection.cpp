#include <glob.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::io {
namespace {

/// The first and last second that a date means: one instant, or the whole day where no time of day is given.
struct Period {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

Period parse_period(const std::string& text, calendar::Calendar calendar) {
  const std::int64_t first = calendar::to_seconds(calendar::parse_date_time(text), calendar);
  // Year, month and day are three runs of digits; a time of day adds a fourth.
  std::size_t runs = 0;
  bool in_run = false;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (is_digit && !in_run) ++runs;
    in_run = is_digit;
  }
  return {first, runs == 3 ? first + calendar::kSecondsPerDay - 1 : first};
}

std::string range_text(const calendar::TimeAxis& axis) {
  return "the data, which run from " + axis.format(0) + " to " + axis.format(axis.size() - 1);
}

}  // namespace

Variable parse_variable(const std::string& text) {
  const auto equals = text.find('=');
  Variable variable{text.substr(0, equals), "", ""};
  if (equals != std::string::npos) variable.standard_name = text.substr(equals + 1);
  const bool is_half = equals != std::string::npos && variable.standard_name.empty();
  if (variable.name.empty() || is_half || text.find_first_of(" \t,", 0) != std::string::npos ||
      variable.standard_name.find('=') != std::string::npos) {
    throw core::Error("variable '" + text +
                      "': expected a name or name=standard_name, such as t2m=air_temperature");
  }
  if (equals != std::string::npos && is_placeholder(variable.standard_name))
    throw core::Error("variable '" + text + "': '" + variable.standard_name +
                      "' is a placeholder, expected a standard name, such as air_temperature");
  return variable;
}

std::vector<std::filesystem::path> expand_files(const std::vector<std::string>& patterns) {
  std::vector<std::filesystem::path> files;
  for (const auto& pattern : patterns) {
    std::error_code ignored;
    const bool is_there = std::filesystem::exists(pattern, ignored);
    if (is_there || pattern.find_first_of("*?[") == std::string::npos) {
      if (!is_there && pattern.find(' ') != std::string::npos)
        throw core::Error("no file '" + pattern + "' (files are separated by commas, not by spaces)");
      files.emplace_back(pattern);
      continue;
    }
    glob_t matches{};
    const int status = ::glob(pattern.c_str(), GLOB_ERR, nullptr, &matches);
    for (std::size_t i = 0; status == 0 && i < matches.gl_pathc; ++i) files.emplace_back(matches.gl_pathv[i]);
    ::globfree(&matches);
    if (status == GLOB_NOMATCH) throw core::Error("no file matches '" + pattern + "'");
    if (status != 0) throw core::Error("cannot list the files that match '" + pattern + "'");
  }
  return files;
}

IndexRange select_period(const calendar::TimeAxis& axis, const std::string& start, const std::string& end,
                         std::int64_t half_interval_seconds) {
  if (axis.size() == 0) throw core::Error("the data hold no instant");
  const auto begin = axis.seconds.begin();
  IndexRange range{0, axis.size()};
  const auto period_inside = [&](const std::string& which, const std::string& text) {
    const Period period = parse_period(text, axis.calendar);
    if (period.last < axis.seconds.front() - half_interval_seconds ||
        period.first > axis.seconds.back() + half_interval_seconds) {
      throw core::Error("the " + which + " " + text + " lies outside " + range_text(axis));
    }
    return period;
  };
  if (!start.empty()) {
    const std::int64_t first = period_inside("start", start).first;
    range.first = std::lower_bound(begin, axis.seconds.end(), first) - begin;
  }
  if (!end.empty()) {
    const std::int64_t last = period_inside("end", end).last;
    range.last = std::upper_bound(begin, axis.seconds.end(), last) - begin;
  }
  if (range.first >= range.last) {
    throw core::Error("no instant lies between the start " + start + " and the end " + end + " in " +
                      range_text(axis));
  }
  return range;
}

}  // namespace foehn::io

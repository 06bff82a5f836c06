#include "cordex_names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cordex_variables.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/cordex_writer.hpp"
#include "foehn/io/wind_turning.hpp"

namespace foehn::io {
namespace {

constexpr std::int64_t kHour = 3600;

std::int64_t seconds_at(const FieldHeader& header, std::int64_t instant) {
  return header.first_seconds + instant * header.step_seconds;
}

/// "200101010000"
std::string stamp(const FieldHeader& header, std::int64_t instant) {
  const calendar::DateTime date = calendar::from_seconds(seconds_at(header, instant), header.calendar);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}", date.year, date.month, date.day, date.hour, date.minute);
}

void check_member_times(const FieldHeader& header, std::int64_t instants) {
  const std::int64_t first = seconds_at(header, 0), last = seconds_at(header, instants - 1);
  // The epoch is a midnight in every calendar.
  if (first % header.step_seconds != 0)
    throw core::Error(fmt::format("the first hour is {}, expected a multiple of {} from midnight",
                                  calendar::format_date_time(calendar::from_seconds(first, header.calendar)),
                                  calendar::format_step(header.step_seconds)));
  if (calendar::from_seconds(first, header.calendar).year < 0 ||
      calendar::from_seconds(last, header.calendar).year > 9999)
    throw core::Error("file names have room for the years 0 to 9999");
}

/// The first instant that is not in the year of `instant`, or the end.
std::int64_t end_of_year(const FieldHeader& header, std::int64_t instant, std::int64_t instants) {
  const std::int64_t year = calendar::from_seconds(seconds_at(header, instant), header.calendar).year;
  const std::int64_t left =
      calendar::to_seconds({.year = year + 1}, header.calendar) - seconds_at(header, instant);
  return std::min(instants, instant + (left + header.step_seconds - 1) / header.step_seconds);
}

std::vector<std::string> variable_ids(const FieldHeader& header) {
  std::vector<std::string> ids;
  for (const Variable& variable : header.variables) {
    const std::string id = cordex_variable(variable).name;
    if (std::find(ids.begin(), ids.end(), id) != ids.end())
      throw core::Error(
          fmt::format("variable {}: two variables would be published as {}", variable.name, id));
    ids.push_back(id);
  }
  return ids;
}

}  // namespace

std::string cordex_frequency(const FieldHeader& header) {
  for (const std::int64_t hours : {1, 3, 6})
    if (header.step_seconds == hours * kHour) return fmt::format("{}hr", hours);
  throw core::Error(fmt::format("a step of {} cannot be published, expected 1, 3 or 6 h",
                                calendar::format_step(header.step_seconds)));
}

std::string version_realization(const FieldHeader& header, const CordexMetadata& metadata) {
  return fmt::format("v{}-r{}", metadata.version, header.realization.value_or(0) + 1);
}

std::vector<CordexFile> cordex_files(const FieldHeader& header, const CordexMetadata& metadata,
                                     std::int64_t instants) {
  check(metadata);
  grid::require_rows(header.grid,
                     "the layout cordex is of regular and rotated grids; choose output.layout member");
  const std::string frequency = cordex_frequency(header);
  const std::vector<std::string> ids = variable_ids(header);
  WindTurning::of(header.variables, header.grid);  // they must be possible to turn
  check_member_times(header, instants);
  std::string of_simulation;
  for (const char* key : {"domain_id", "driving_source_id", "driving_experiment_id", "driving_variant_label",
                          "institution_id", "source_id"})
    of_simulation += metadata.attributes.at(key) + "_";
  of_simulation += version_realization(header, metadata) + "_" + frequency;

  std::vector<CordexFile> files;
  for (std::int64_t first = 0; first < instants;) {
    const std::int64_t end = end_of_year(header, first, instants);
    const std::string span = stamp(header, first) + "-" + stamp(header, end - 1);
    for (std::size_t variable = 0; variable < ids.size(); ++variable)
      files.push_back(
          {fmt::format("{}_{}_{}.nc", ids[variable], of_simulation, span), variable, first, end - first});
    first = end;
  }
  return files;
}

std::vector<std::int64_t> cordex_file_starts(const std::vector<CordexFile>& files) {
  std::vector<std::int64_t> starts;
  for (const CordexFile& file : files)
    if (starts.empty() || file.first != starts.back()) starts.push_back(file.first);
  return starts;
}

}  // namespace foehn::io

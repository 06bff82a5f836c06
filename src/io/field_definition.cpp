#include "field_definition.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/io/chunks.hpp"
#include "foehn/io/grid_writer.hpp"

namespace foehn::io {
namespace {

constexpr const char* kTimeBounds = "time_bnds";

/// What NetCDF-C 4.9 and later call the digits of granular bit rounding, in files of their own.
constexpr const char* kRoundingAttribute = "_QuantizeGranularBitRoundNumberOfSignificantDigits";

/// "hours since 2019-03-26 00:00:00", "days since 1950-01-01"
std::string time_units(const FieldHeader& header) {
  const std::int64_t reference = header.day_zero.value_or(header.first_seconds);
  std::string instant = calendar::format_date_time(calendar::from_seconds(reference, header.calendar));
  if (header.day_zero) return "days since " + instant.substr(0, instant.find('T'));
  instant[instant.find('T')] = ' ';
  return "hours since " + instant;
}

std::string long_name(const Variable& variable) {
  std::string name = variable.standard_name.empty() ? variable.name : variable.standard_name;
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Attributes variable_attributes(const FieldHeader& header, const Variable& variable) {
  Attributes attributes = grid_attributes(header.grid, header.mapping);
  // By each variable, not once for the file: only so do iris and CF know the coordinates for this variable's.
  // cdo says that it cannot assign `realization`, as of every scalar coordinate that is no height, and goes
  // on.
  std::vector<std::string> coordinates;
  if (header.height) coordinates.emplace_back("height");
  if (attributes.contains("coordinates"))
    coordinates.push_back(std::get<std::string>(attributes["coordinates"]));
  if (header.realization) coordinates.emplace_back("realization");
  if (!coordinates.empty()) attributes["coordinates"] = fmt::format("{}", fmt::join(coordinates, " "));
  attributes["long_name"] = long_name(variable);
  attributes["units"] = variable.units;
  attributes["cell_methods"] = header.cell_methods;
  attributes["_FillValue"] = kFillValue;
  if (!variable.standard_name.empty()) attributes["standard_name"] = variable.standard_name;
  if (variable.standard_name.ends_with("_temperature"))
    attributes["units_metadata"] = std::string("temperature: on_scale");
  if (header.significant_digits > 0) attributes[kRoundingAttribute] = header.significant_digits;
  for (const auto& [name, value] : header.variable_attributes) attributes[name] = value;
  return attributes;
}

Attributes time_attributes(const FieldHeader& header) {
  Attributes attributes{{"standard_name", "time"},
                        {"long_name", "time"},
                        {"units", time_units(header)},
                        {"calendar", calendar::calendar_name(header.calendar)},
                        {"axis", "T"}};
  using calendar::Calendar;
  const Calendar calendar = header.calendar;
  // Only in these could a day have a leap second.
  if (calendar == Calendar::standard || calendar == Calendar::proleptic_gregorian ||
      calendar == Calendar::julian)
    attributes["units_metadata"] = std::string("leap_seconds: none");
  if (header.mean_interval) attributes["bounds"] = std::string(kTimeBounds);
  return attributes;
}

void write_coordinates(NetcdfFile& file, const FieldHeader& header) {
  const auto write_scalar = [&](const char* name, double value) {
    file.write(name, std::span<const double>(&value, 1));
  };
  write_grid(file, header.grid, header.mapping);
  if (header.height) write_scalar("height", *header.height);
  if (header.realization) write_scalar("realization", static_cast<double>(*header.realization));
}

}  // namespace

void check_header(const std::filesystem::path& path, const FieldHeader& header) {
  if (header.variables.empty() || header.grid.cells() < 1 || header.step_seconds < 1 ||
      header.chunk_steps < 1) {
    throw core::Error(path.string() +
                      ": a file of fields needs a variable, a grid cell, a step and a chunk of at least 1");
  }
}

void define_fields(NetcdfFile& file, const FieldHeader& header) {
  file.define_dimension("time", 0);
  file.define_variable("time", NetcdfType::float64, {"time"}, time_attributes(header));
  if (header.mean_interval) {
    file.define_dimension("bnds", 2);
    file.define_variable(kTimeBounds, NetcdfType::float64, {"time", "bnds"}, {});
  }
  define_grid(file, header.grid, header.mapping);
  if (header.height) {
    file.define_variable("height", NetcdfType::float64, {},
                         {{"standard_name", "height"},
                          {"long_name", "height"},
                          {"units", "m"},
                          {"positive", "up"},
                          {"axis", "Z"}});
  }
  if (header.realization) {
    file.define_variable(
        "realization", NetcdfType::int32, {},
        {{"standard_name", "realization"}, {"long_name", "ensemble member"}, {"units", "1"}});
  }
  std::vector<std::string> dimensions = grid::dimension_names(header.grid);
  dimensions.insert(dimensions.begin(), "time");
  NetcdfStorage storage{{header.chunk_steps, header.grid.nx()}, header.deflate};
  if (dimensions.size() == 3) storage.chunks.insert(storage.chunks.begin() + 1, header.grid.ny());
  for (const auto& variable : header.variables)
    file.define_variable(variable.name, NetcdfType::float32, dimensions,
                         variable_attributes(header, variable), storage);
  Attributes global = header.attributes;
  global.insert_or_assign("Conventions", std::string("CF-1.11"));
  file.set_global_attributes(global);
  write_coordinates(file, header);
}

TimeCoordinate::TimeCoordinate(const FieldHeader& header)
    : first_seconds_(header.day_zero ? header.first_seconds - *header.day_zero : 0),
      step_seconds_(header.step_seconds),
      unit_seconds_(header.day_zero ? static_cast<double>(calendar::kSecondsPerDay) : 3600.0),
      mean_interval_(header.mean_interval) {}

void TimeCoordinate::write(NetcdfFile& file, std::int64_t first, std::int64_t count) const {
  std::vector<double> times(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t seconds = first_seconds_ + (first + i) * step_seconds_;
    times[static_cast<std::size_t>(i)] = static_cast<double>(seconds) / unit_seconds_;
  }
  file.write("time", std::span<const double>(times), std::array{first}, std::array{count});
  if (!mean_interval_) return;
  std::vector<double> bounds;  // [time, 2]
  for (const double time : times) {
    bounds.push_back(time + static_cast<double>(mean_interval_->begin_seconds) / unit_seconds_);
    bounds.push_back(time + static_cast<double>(mean_interval_->end_seconds) / unit_seconds_);
  }
  file.write(kTimeBounds, std::span<const double>(bounds), std::array<std::int64_t, 2>{first, 0},
             std::array<std::int64_t, 2>{count, 2});
}

}  // namespace foehn::io

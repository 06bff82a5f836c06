#include "foehn/io/field_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "atomic_file.hpp"
#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

constexpr float kFillValue = 1e20F;
constexpr const char* kTimeBounds = "time_bnds";

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
  for (const auto& [name, value] : header.variable_attributes) attributes[name] = value;
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

void check_header(const std::filesystem::path& path, const FieldHeader& header) {
  if (header.variables.empty() || header.grid.cells() < 1 || header.step_seconds < 1 ||
      header.chunk_steps < 1) {
    throw core::Error(path.string() +
                      ": a file of fields needs a variable, a grid cell, a step and a chunk of at least 1");
  }
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

void define_everything(NetcdfFile& file, const FieldHeader& header) {
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
  const NetcdfStorage storage{{header.chunk_steps, header.grid.ny(), header.grid.nx()}, header.deflate};
  for (const auto& variable : header.variables) {
    file.define_variable(variable.name, NetcdfType::float32, {"time", header.grid.y.name, header.grid.x.name},
                         variable_attributes(header, variable), storage);
  }
  Attributes global = header.attributes;
  global.insert_or_assign("Conventions", std::string("CF-1.11"));
  file.set_global_attributes(global);
}

}  // namespace

FieldWriter::FieldWriter(std::filesystem::path path, const FieldHeader& header)
    : path_(std::move(path)),
      temporary_path_(temporary_path_of(path_)),
      cells_(header.grid.cells()),
      ny_(header.grid.ny()),
      nx_(header.grid.nx()),
      first_seconds_(header.day_zero ? header.first_seconds - *header.day_zero : 0),
      step_seconds_(header.step_seconds),
      time_unit_seconds_(header.day_zero ? static_cast<double>(calendar::kSecondsPerDay) : 3600.0),
      mean_interval_(header.mean_interval) {
  check_header(path_, header);
  for (const auto& variable : header.variables) variable_names_.push_back(variable.name);
  try {
    file_.emplace(NetcdfFile::create(temporary_path_, header.model, path_));
    define_everything(*file_, header);
    write_coordinates(*file_, header);
  } catch (...) {
    file_.reset();
    ::unlink(temporary_path_.c_str());
    throw;
  }
}

FieldWriter::~FieldWriter() {
  if (is_published_) return;
  file_.reset();
  ::unlink(temporary_path_.c_str());
}

void FieldWriter::append(std::span<const float> values) {
  const std::int64_t variables = static_cast<std::int64_t>(variable_names_.size());
  const std::int64_t instant = variables * cells_;
  const std::int64_t steps = static_cast<std::int64_t>(values.size()) / instant;
  if (steps * instant != static_cast<std::int64_t>(values.size())) {
    throw core::Error(path_.string() + ": " + std::to_string(values.size()) +
                      " values, expected a multiple of one instant's, " + std::to_string(instant));
  }
  const std::array<std::int64_t, 3> start{written_, 0, 0};
  const std::array<std::int64_t, 3> count{steps, ny_, nx_};
  std::vector<double> times(static_cast<std::size_t>(steps));
  for (std::int64_t i = 0; i < steps; ++i) {
    const std::int64_t seconds = first_seconds_ + (written_ + i) * step_seconds_;
    times[static_cast<std::size_t>(i)] = static_cast<double>(seconds) / time_unit_seconds_;
  }
  file_->write("time", std::span<const double>(times), std::span(start).first(1), std::span(count).first(1));
  if (mean_interval_) {
    std::vector<double> bounds;  // [time, 2]
    for (const double time : times) {
      bounds.push_back(time + static_cast<double>(mean_interval_->begin_seconds) / time_unit_seconds_);
      bounds.push_back(time + static_cast<double>(mean_interval_->end_seconds) / time_unit_seconds_);
    }
    file_->write(kTimeBounds, std::span<const double>(bounds), std::array<std::int64_t, 2>{written_, 0},
                 std::array<std::int64_t, 2>{steps, 2});
  }

  std::vector<float> fields(static_cast<std::size_t>(steps * cells_));
  for (std::int64_t v = 0; v < variables; ++v) {
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto from = values.begin() + (i * variables + v) * cells_;
      std::replace_copy_if(
          from, from + cells_, fields.begin() + i * cells_, [](float value) { return std::isnan(value); },
          kFillValue);
    }
    file_->write(variable_names_[static_cast<std::size_t>(v)], std::span<const float>(fields), start, count);
  }
  written_ += steps;
}

void FieldWriter::close() {
  if (!file_) return;
  file_->close();
  sync_file(temporary_path_, path_);
  file_.reset();
}

void FieldWriter::commit() {
  close();
  rename_file(temporary_path_, path_);
  is_published_ = true;
}

}  // namespace foehn::io

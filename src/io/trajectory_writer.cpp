#include "foehn/io/trajectory_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "atomic_file.hpp"
#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

constexpr float kFillValue = 1e20F;
const std::string kTimeBounds = "time_bnds";

/// "hours since 2019-03-26 00:00:00"
std::string time_units(const TrajectoryHeader& header) {
  std::string instant =
      calendar::format_date_time(calendar::from_seconds(header.first_seconds, header.calendar));
  instant[instant.find('T')] = ' ';
  return "hours since " + instant;
}

std::string long_name(const Variable& variable) {
  std::string name = variable.standard_name.empty() ? variable.name : variable.standard_name;
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

Attributes variable_attributes(const TrajectoryHeader& header, const Variable& variable) {
  Attributes attributes = grid_attributes(header.grid);
  attributes["long_name"] = long_name(variable);
  attributes["units"] = variable.units;
  attributes["cell_methods"] = header.cell_methods;
  attributes["_FillValue"] = kFillValue;
  if (!variable.standard_name.empty()) attributes["standard_name"] = variable.standard_name;
  return attributes;
}

void check_header(const std::filesystem::path& path, const TrajectoryHeader& header) {
  if (header.variables.empty() || header.grid.cells() < 1 || header.step_seconds < 1 ||
      header.chunk_steps < 1) {
    throw core::Error(path.string() +
                      ": a trajectory needs a variable, a grid cell, a step and a chunk of at least 1");
  }
}

void define_everything(NetcdfFile& file, const TrajectoryHeader& header) {
  file.define_dimension("time", 0);
  Attributes time{{"standard_name", "time"},
                  {"long_name", "time"},
                  {"units", time_units(header)},
                  {"calendar", calendar::calendar_name(header.calendar)},
                  {"axis", "T"}};
  if (header.is_mean) time["bounds"] = kTimeBounds;
  file.define_variable("time", NetcdfType::float64, {"time"}, time);
  if (header.is_mean) {
    file.define_dimension("bnds", 2);
    file.define_variable(kTimeBounds, NetcdfType::float64, {"time", "bnds"}, {});
  }
  define_grid(file, header.grid);
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
  // Named here and not by each variable: cdo warns of a scalar coordinate that is no height, xarray takes it
  // from here.
  if (header.realization) global.insert_or_assign("coordinates", std::string("realization"));
  file.set_global_attributes(global);
}

}  // namespace

TrajectoryWriter::TrajectoryWriter(std::filesystem::path path, const TrajectoryHeader& header)
    : path_(std::move(path)),
      temporary_path_(temporary_path_of(path_)),
      cells_(header.grid.cells()),
      ny_(header.grid.ny()),
      nx_(header.grid.nx()),
      step_hours_(static_cast<double>(header.step_seconds) / 3600.0),
      is_mean_(header.is_mean) {
  check_header(path_, header);
  for (const auto& variable : header.variables) variable_names_.push_back(variable.name);
  try {
    file_.emplace(NetcdfFile::create(temporary_path_));
    define_everything(*file_, header);
    write_grid(*file_, header.grid);
    if (header.realization) {
      const std::array<double, 1> realization{static_cast<double>(*header.realization)};
      file_->write("realization", std::span<const double>(realization));
    }
  } catch (core::Error& error) {
    file_.reset();
    ::unlink(temporary_path_.c_str());
    error.add_context("writing " + path_.string());
    throw;
  }
}

TrajectoryWriter::~TrajectoryWriter() {
  if (!file_) return;
  file_.reset();
  ::unlink(temporary_path_.c_str());
}

void TrajectoryWriter::append(std::span<const float> values) {
  const std::int64_t variables = static_cast<std::int64_t>(variable_names_.size());
  const std::int64_t instant = variables * cells_;
  const std::int64_t steps = static_cast<std::int64_t>(values.size()) / instant;
  if (steps * instant != static_cast<std::int64_t>(values.size())) {
    throw core::Error(path_.string() + ": " + std::to_string(values.size()) +
                      " values are no whole instants of " + std::to_string(instant));
  }
  core::with_context("writing " + path_.string(), [&] {
    const std::array<std::int64_t, 3> start{written_, 0, 0};
    const std::array<std::int64_t, 3> count{steps, ny_, nx_};
    std::vector<double> hours, bounds;
    for (std::int64_t i = written_; i < written_ + steps; ++i) {
      const double begin = static_cast<double>(i) * step_hours_;
      hours.push_back(is_mean_ ? begin + step_hours_ / 2 : begin);
      bounds.insert(bounds.end(), {begin, static_cast<double>(i + 1) * step_hours_});
    }
    file_->write("time", std::span<const double>(hours), std::span(start).first(1),
                 std::span(count).first(1));
    if (is_mean_)
      file_->write(kTimeBounds, std::span<const double>(bounds), std::array<std::int64_t, 2>{written_, 0},
                   std::array<std::int64_t, 2>{steps, 2});

    std::vector<float> fields(static_cast<std::size_t>(steps * cells_));
    for (std::int64_t v = 0; v < variables; ++v) {
      for (std::int64_t i = 0; i < steps; ++i) {
        std::copy_n(values.begin() + (i * variables + v) * cells_, cells_, fields.begin() + i * cells_);
      }
      file_->write(variable_names_[static_cast<std::size_t>(v)], std::span<const float>(fields), start,
                   count);
    }
  });
  written_ += steps;
}

void TrajectoryWriter::commit() {
  core::with_context("writing " + path_.string(), [&] {
    file_->close();
    publish_file(temporary_path_, path_);
  });
  file_.reset();
}

}  // namespace foehn::io

#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_writer.hpp"

namespace foehn::testing {

inline grid::Grid toy_grid(std::int64_t ny, std::int64_t nx) {
  grid::Grid grid{{"lat", "latitude", "degrees_north", {}}, {"lon", "longitude", "degrees_east", {}}, {}};
  for (std::int64_t y = 0; y < ny; ++y) grid.y.values.push_back(50 + 0.25 * static_cast<double>(y));
  for (std::int64_t x = 0; x < nx; ++x) grid.x.values.push_back(-5 + 0.25 * static_cast<double>(x));
  return grid;
}

/// A value (NaN: missing) at an hour after 2019-03-26 00:00, in a variable, row and column.
using ToyField = std::function<double(double hour, std::size_t variable, std::int64_t y, std::int64_t x)>;

inline ToyField shifted(const ToyField& field, double shift) {
  return [=](double hour, std::size_t variable, std::int64_t y, std::int64_t x) {
    return field(hour, variable, y, x) + shift;
  };
}

/// Which part of a toy field a file holds: instants first_hour, first_hour + step_hours, ... and the rows and
/// columns of `grid`, the first of which are y0 and x0 of the field.
struct ToyFile {
  std::vector<io::Variable> variables = {{"tas", "air_temperature_anomaly", "K"}};  // around 0
  grid::Grid grid = toy_grid(8, 12);
  std::int64_t y0 = 0, x0 = 0;
  double first_hour = 0;
  double step_hours = 1;
  int steps = 13;
  std::int64_t block = 1;  ///< writes means over blocks
  int mean_hours = 0;      ///< writes means over so many hours, which are the step, instead of instants
  calendar::Calendar calendar = calendar::Calendar::standard;
  io::Attributes attributes = {};
  std::optional<std::int64_t> realization = {};
};

inline std::filesystem::path write_toy(const std::filesystem::path& path, const ToyField& field,
                                       const ToyFile& file) {
  const evaluation::BlockGrid blocks(file.grid.ny(), file.grid.nx(), file.block);
  io::FieldHeader header;
  header.variables = file.variables;
  header.grid = grid::block_mean_grid(file.grid, file.block);
  header.calendar = file.calendar;
  header.first_seconds = calendar::to_seconds({2019, 3, 26, 0, 0, 0}, file.calendar) +
                         static_cast<std::int64_t>(3600 * file.first_hour);
  header.step_seconds = static_cast<std::int64_t>(3600 * file.step_hours);
  header.attributes = file.attributes;
  header.realization = file.realization;
  if (file.mean_hours > 0) {
    header.cell_methods = "time: mean area: mean";
    header.mean_interval = io::MeanInterval{-header.step_seconds / 2, header.step_seconds / 2};
    header.first_seconds += header.step_seconds / 2;
  }
  io::FieldWriter writer(path, header);
  std::vector<double> fine(static_cast<std::size_t>(blocks.fine_cells()));
  std::vector<double> coarse(static_cast<std::size_t>(blocks.coarse_cells()));
  for (int step = 0; step < file.steps; ++step) {
    std::vector<float> values;
    for (std::size_t variable = 0; variable < file.variables.size(); ++variable) {
      auto cell = fine.begin();
      for (std::int64_t y = 0; y < file.grid.ny(); ++y) {
        for (std::int64_t x = 0; x < file.grid.nx(); ++x) {
          const double hour = file.first_hour + step * file.step_hours;
          const int hours = std::max(1, file.mean_hours);
          double sum = 0;
          for (int i = 0; i < hours; ++i) sum += field(hour + i, variable, file.y0 + y, file.x0 + x);
          *cell++ = sum / hours;
        }
      }
      blocks.mean(std::span<const double>(fine), coarse);
      values.insert(values.end(), coarse.begin(), coarse.end());
    }
    writer.append(values);
  }
  writer.commit();
  return path;
}

}  // namespace foehn::testing

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "foehn/io/field_writer.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// @throws Error naming the file if the header has no variable, cell, step or chunk
void check_header(const std::filesystem::path& path, const FieldHeader& header);

/// Defines everything of a new file of fields, and writes its coordinates but for time.
void define_fields(NetcdfFile& file, const FieldHeader& header);

/// The time axis of a file of fields, and the bounds of its cells.
class TimeCoordinate {
 public:
  explicit TimeCoordinate(const FieldHeader& header);
  /// Writes the times of instants [first, first + count).
  void write(NetcdfFile& file, std::int64_t first, std::int64_t count) const;

 private:
  std::int64_t first_seconds_, step_seconds_;  // since the axis' reference
  double unit_seconds_;
  std::optional<MeanInterval> mean_interval_;
};

}  // namespace foehn::io

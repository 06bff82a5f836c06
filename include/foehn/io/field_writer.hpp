#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/grid_writer.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::io {

/// Everything in a file of fields except its values.
struct FieldHeader {
  std::vector<Variable> variables;
  grid::Grid grid;
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds = 0;  ///< first instant, seconds since 1970-01-01 of the calendar
  std::int64_t step_seconds = 3600;
  std::string cell_methods = "time: point";   ///< such as "time: point area: mean"
  std::optional<MeanInterval> mean_interval;  ///< of time means: written as time_bnds
  std::optional<std::int64_t> realization;    ///< ensemble member
  std::int64_t chunk_steps = 24;              ///< instants a chunk
  int deflate = 1;                            ///< 0 (none) to 9
  /// Decimal digits to which whoever writes the values has rounded them (see round_to_digits); 0: not at all.
  std::int64_t significant_digits = 0;
  Attributes attributes;  ///< global attributes beside Conventions: title, history, ...

  // What archives want otherwise.
  Attributes variable_attributes;        ///< of every variable, before what the header says by itself
  std::optional<double> height;          ///< m above the ground, of every variable
  std::optional<std::int64_t> day_zero;  ///< time counts days since this instant (seconds as above), else
                                         ///< hours since the first
  GridMapping mapping;
  NetcdfModel model = NetcdfModel::netcdf4;
};

class TimeCoordinate;

/// Writes fields as CF-1.11 NetCDF-4, float32, in time order and bounded memory.
///
/// The file is written under a temporary name beside the final one (".<name>.part") and takes its final name
/// only in commit(), after it was flushed to disk; a writer that is destroyed before that removes what it
/// wrote.
class FieldWriter {
 public:
  /// @throws Error if the folder does not exist or cannot be written
  FieldWriter(std::filesystem::path path, const FieldHeader& header);
  ~FieldWriter();
  FieldWriter(const FieldWriter&) = delete;
  FieldWriter& operator=(const FieldWriter&) = delete;

  /// Appends whole instants, [time, variable, y, x], in the header's units; NaN is written as the fill value.
  void append(std::span<const float> values);
  /// Closes the file and syncs it, still under its temporary name; nothing can be appended afterwards.
  /// @throws Error if the disk is full
  void close();
  /// Closes the file, if it is still open, and gives it its final name.
  /// @throws Error if the disk is full or the rename fails
  void commit();
  /// Where the file lies until commit.
  const std::filesystem::path& temporary_path() const { return temporary_path_; }

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  std::optional<NetcdfFile> file_;  ///< nothing once closed
  bool is_published_ = false;
  std::vector<std::string> variable_names_;
  std::int64_t cells_ = 0;
  std::vector<std::int64_t> field_shape_;  // in the file: [y, x], or [cell]
  std::unique_ptr<const TimeCoordinate> time_;
  std::int64_t written_ = 0;
};

}  // namespace foehn::io

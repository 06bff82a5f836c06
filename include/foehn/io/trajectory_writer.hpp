#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Everything a trajectory file says besides its values.
struct TrajectoryHeader {
  std::vector<Variable> variables;
  grid::Grid grid;
  calendar::Calendar calendar = calendar::Calendar::standard;
  std::int64_t first_seconds =
      0;  ///< first instant (of means: where the first begins), seconds since 1970-01-01
  std::int64_t step_seconds = 3600;
  std::string cell_methods = "time: point";  ///< such as "time: point area: mean"
  bool is_mean =
      false;  ///< values are means over steps: times are their middles, `time_bnds` says where they end
  std::optional<std::int64_t> realization;  ///< ensemble member
  std::int64_t chunk_steps = 24;            ///< instants a chunk
  int deflate = 1;                          ///< 0 (none) to 9
  Attributes attributes;                    ///< global attributes beside Conventions: title, history, ...
};

/// Writes fields as CF-1.11 NetCDF-4, float32, in time order and bounded memory.
///
/// The file is written under a temporary name beside the final one (".<name>.part") and takes its final name
/// only in commit(), after it was flushed to disk; a writer that is destroyed before that removes what it
/// wrote.
class TrajectoryWriter {
 public:
  /// @throws Error if the folder does not exist or cannot be written
  TrajectoryWriter(std::filesystem::path path, const TrajectoryHeader& header);
  ~TrajectoryWriter();
  TrajectoryWriter(const TrajectoryWriter&) = delete;
  TrajectoryWriter& operator=(const TrajectoryWriter&) = delete;

  /// Appends whole instants, [time, variable, y, x], in the header's units.
  void append(std::span<const float> values);
  /// Closes the file, syncs it and gives it its final name; nothing can be appended afterwards.
  /// @throws Error if the disk is full or the rename fails
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  std::optional<NetcdfFile> file_;
  std::vector<std::string> variable_names_;
  std::int64_t cells_ = 0, ny_ = 0, nx_ = 0;
  double step_hours_ = 1;
  bool is_mean_ = false;
  std::int64_t written_ = 0;
};

/// Writes a small file whole or not at all: beside, synced, renamed.
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Defines a grid's coordinate variables (and its grid mapping and 2-D coordinates where it is rotated) in a
/// new file.
void define_grid(NetcdfFile& file, const grid::Grid& grid);
/// Writes their values; after the definitions.
void write_grid(NetcdfFile& file, const grid::Grid& grid);
/// Attributes a data variable on the grid needs: `grid_mapping` and `coordinates`, empty for a geographic
/// grid.
Attributes grid_attributes(const grid::Grid& grid);
/// Reads the grid that a data variable lies on from its last two dimensions.
/// @throws Error naming what is missing: a coordinate variable, its units, a grid mapping that is not
///         supported
grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable);

}  // namespace foehn::io

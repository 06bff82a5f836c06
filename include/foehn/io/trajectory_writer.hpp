#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/member_writer.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::io {

/// How a grid's coordinate reference system stands in a file.
struct GridMapping {
  std::string name = "rotated_pole";   ///< of the variable that holds it
  std::optional<double> earth_radius;  ///< m; where given, a geographic grid has a mapping as well
  bool has_cell_bounds = false;        ///< whether the file says where cells end
};

/// Everything a trajectory file says besides its values.
struct TrajectoryHeader {
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
  Attributes attributes;                      ///< global attributes beside Conventions: title, history, ...

  // What archives want otherwise.
  Attributes variable_attributes;        ///< of every variable, before what the header says by itself
  std::optional<double> height;          ///< m above the ground, of every variable
  std::optional<std::int64_t> day_zero;  ///< time counts days since this instant (seconds as above), else
                                         ///< hours since the first
  GridMapping mapping;
  NetcdfModel model = NetcdfModel::netcdf4;
};

/// Writes fields as CF-1.11 NetCDF-4, float32, in time order and bounded memory.
///
/// The file is written under a temporary name beside the final one (".<name>.part") and takes its final name
/// only in commit(), after it was flushed to disk; a writer that is destroyed before that removes what it
/// wrote.
class TrajectoryWriter final : public MemberWriter {
 public:
  /// @throws Error if the folder does not exist or cannot be written
  TrajectoryWriter(std::filesystem::path path, const TrajectoryHeader& header);
  ~TrajectoryWriter() override;
  TrajectoryWriter(const TrajectoryWriter&) = delete;
  TrajectoryWriter& operator=(const TrajectoryWriter&) = delete;

  /// Appends whole instants, [time, variable, y, x], in the header's units; NaN is written as the fill value.
  void append(std::span<const float> values) override;
  /// Closes the file and syncs it, still under its temporary name; nothing can be appended afterwards.
  /// @throws Error if the disk is full
  void close();
  /// Closes the file, if it is still open, and gives it its final name.
  /// @throws Error if the disk is full or the rename fails
  void commit() override;
  /// Where the file lies until commit.
  const std::filesystem::path& temporary_path() const { return temporary_path_; }

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  std::optional<NetcdfFile> file_;  ///< nothing once closed
  bool is_published_ = false;
  std::vector<std::string> variable_names_;
  std::int64_t cells_ = 0, ny_ = 0, nx_ = 0;
  std::int64_t first_seconds_ = 0, step_seconds_ = 0;  ///< of the time coordinate, since its reference
  double time_unit_seconds_ = 3600;
  std::optional<MeanInterval> mean_interval_;
  std::int64_t written_ = 0;
};

/// Defines a grid's coordinate variables (and its grid mapping and 2-D coordinates where it is rotated) in a
/// new file.
void define_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping = {});
/// Writes their values; after the definitions.
void write_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping = {});
/// Attributes a data variable on the grid needs: `grid_mapping` and `coordinates`; of a geographic grid no
/// coordinates, and a mapping only where the earth's radius is given.
Attributes grid_attributes(const grid::Grid& grid, const GridMapping& mapping = {});
/// Reads the grid that a data variable lies on from its last two dimensions.
///
/// Longitudes that jump by a turn, such as 340 to 359 and 0 to 19, go on beyond 360 degrees instead.
/// @throws Error naming what is missing: a coordinate variable, its units, a grid mapping that is not
///         supported
grid::Grid read_grid(const NetcdfFile& file, const NetcdfVariable& variable);
/// Whether read_grid can tell the grid of a data variable: its last two dimensions have coordinates in
/// degrees that are latitude and longitude, or those of a rotated grid.
bool is_rectilinear(const NetcdfFile& file, const NetcdfVariable& variable);
/// Adds to the axes of a grid that was read from the file the bounds that their attribute `bounds` names, if
/// those are there and are pairs; they are not looked at yet.
void read_cell_bounds(const NetcdfFile& file, grid::Grid& grid);

}  // namespace foehn::io

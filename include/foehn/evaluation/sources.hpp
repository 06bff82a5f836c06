#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/evaluation/observed_cells.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::evaluation {

/// The files that an evaluation compares.
struct SourceFiles {
  std::vector<std::filesystem::path> members;    ///< of one or many files each
  std::vector<std::filesystem::path> reference;  ///< may be none
  std::vector<std::filesystem::path> observations;
  bool are_native =
      false;  ///< observations are means over the cells of the files' own grid, else over square blocks
  /// Of native observations, the weights of the members' cells in theirs (conditioning::native_cells); empty:
  /// they follow from where cells lie.
  std::filesystem::path weights = {};
  std::optional<grid::Crop> reference_crop;  ///< the members' domain within the reference's grid
  /// Names in the reference, each with the standard name (or the name) of the members' variable that it is;
  /// other variables have the same name as in the members.
  std::vector<io::Variable> reference_names = {};
};

/// Observations of some variables at the same times: snapshots, or means over hours.
struct ObservationSeries {
  io::CoarseSource source;
  std::int64_t first_hour = 0;     ///< that the first one covers
  std::int64_t period = 1;         ///< hours from one to the next; 1 where there is only one
  std::int64_t covered_hours = 1;  ///< that each is a mean over; 1: snapshots

  std::int64_t size() const { return source.reader.times().size(); }
  std::int64_t last_hour() const { return first_hour + (size() - 1) * period + covered_hours - 1; }
};

/// Members, reference and observations, open and matched by time, variable, unit and grid. "Hour" is a step
/// of the members' time axis; hour 0 is their first.
struct Sources {
  std::vector<io::FieldReader> members;
  std::optional<io::FieldReader> reference;
  std::vector<ObservationSeries> observations;
  ObservedCells blocks;  ///< of the observations, in the members' grid
  /// What each cell counts in means over cells, [cell], 1 on average: its area on a list of cells, 1 on a
  /// grid of rows and columns.
  std::vector<double> weights;

  /// Hours that are scored: from the members' first up to the last observation, as far as the reference
  /// reaches.
  std::int64_t first_hour = 0;
  std::int64_t hours = 0;
  std::int64_t hours_without_reference = 0;  ///< what it does not reach of them
  /// What hours are counted from: the first hour and the period of those observations that are the rarest.
  std::int64_t first_observed_hour = 0;
  std::int64_t period = 1;
  /// The reference's instant at the first hour that is scored, and how many of its steps make an hour.
  std::int64_t first_reference_index = 0;
  std::int64_t reference_stride = 1;

  const std::vector<io::Variable>& variables() const { return members.front().variables(); }
  const grid::Grid& grid() const { return members.front().grid(); }
  std::string time_text(std::int64_t hour) const { return members.front().times().format(hour); }
  double step_hours() const { return static_cast<double>(members.front().step_seconds()) / 3600.0; }
  /// Hours since the last observation (of a mean: since it began); nothing before the first one.
  std::optional<std::int64_t> hours_since_observation(std::int64_t hour) const;
};

/// Opens the files and checks that they can be compared.
///
/// Reference and observations are converted to the members' units; the calendars `standard` and
/// `proleptic_gregorian` count as one. Observations may be of some of the members' variables alone.
/// @throws Error if there is no member; a reference name matches none of the members' variables; a file
///         cannot be read; the members differ in variables, units, grid or times;
///         the reference lacks a variable or an hour between others (naming the first), is on another grid or
///         has no hour in common with the members;
///         an observation lies at no hour of the members, means differ in their length, or the observations'
///         grid is not one of block means of the members' grid, or, if they are native, has no cell that the
///         members' grid covers whole
Sources open_sources(const SourceFiles& files);

/// The standard deviations of the observation error that the members' files state in their global attribute
/// `foehn_observation_std`, in the variables' units: one per variable in their order, of the first file; in
/// the layout `cordex` each file's number is that of its own variable.
/// @return  empty if they state none, or not that of each variable
/// @throws Error if a file cannot be read or states something else than numbers
std::vector<double> stated_observation_std(const std::vector<std::filesystem::path>& members,
                                           const std::vector<io::Variable>& variables);

}  // namespace foehn::evaluation

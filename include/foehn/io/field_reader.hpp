#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/time_cells.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::io {

/// Which grids will do: those that a prior may have, or any. Of the latter, a curvilinear grid is a list of
/// its cells, row after row; positions and corners that the file does not give are NaN, and so are areas.
enum class Grids { of_priors, any };

/// Which part of the files is wanted.
struct FieldSelection {
  /// Variables in the order wanted. Empty: every variable of the files with dimensions (time, y, x).
  /// A wanted unit that differs from the file's is converted by UDUNITS; an empty one keeps the first file's.
  /// Where a file names no unit, the wanted one is taken to be its unit; without either, opening fails. An
  /// empty standard name is taken from the file.
  std::vector<Variable> variables;
  std::optional<grid::Crop> crop;
  /// Missing values of a cell are filled by linear interpolation in time where at most so many instants in a
  /// row are missing.
  std::int64_t longest_gap = 0;
  /// Whether standard names that are wanted hold in place of the files'; else one that contradicts a file's
  /// is an error.
  bool overrules_standard_names = false;
  /// Whether values must be plausible for their standard names. Samples of a prior need not be: they may be
  /// drawn beyond what is physical, and are to be scored all the same.
  bool must_be_plausible = true;
  Grids grids = Grids::of_priors;  ///< with a crop: of_priors
};

/// Fields [time, y, x] of several variables from one or many CF NetCDF files, read by hyperslab.
///
/// A file may hold one variable or many. The files of each variable are put in order of time and joined; of
/// variables in different files, the instants that all of them have are read; latitude may run either way and
/// stays as it is. Packed data are unpacked (scale_factor of any sign). Besides time, y and x a variable may
/// have dimensions of size 1, such as a height. Times come from the variable of standard
/// name `time` on the time dimension (see time_coordinate). Opening checks headers, grids and time axes of
/// all files, so that later reads can only fail for data (a missing value, a file that was truncated).
class FieldReader {
 public:
  /// @throws Error for a missing or truncated file, an unknown variable (naming those there are), a variable
  ///         without (time, y, x) dimensions, grids that differ between files or variables, inconvertible
  ///         units, a time axis that repeats, goes back, or leaves a gap, variables of other steps or
  ///         without a common instant
  FieldReader(const std::vector<std::filesystem::path>& files, const FieldSelection& selection);
  ~FieldReader();
  FieldReader(FieldReader&&) noexcept;
  FieldReader& operator=(FieldReader&&) noexcept;

  const std::vector<Variable>& variables() const;
  const grid::Grid& grid() const;  ///< after the crop
  const calendar::TimeAxis& times() const;
  /// Seconds between two instants; 0 if there is only one.
  std::int64_t step_seconds() const;

  /// Reads instants [first, first + count) as [time, variable, y, x].
  /// @param values  room for count * variables * cells numbers
  /// @throws Error naming file, variable, time and cell of the first missing value or NaN that is not filled,
  ///         or value that is infinite or not plausible for its standard name
  void read(std::int64_t first, std::int64_t count, std::span<float> values) const;
  /// The same with NaN for missing values, none of which is filled.
  /// @return  how many are missing
  std::int64_t read_with_gaps(std::int64_t first, std::int64_t count, std::span<float> values) const;
  /// Where a missing value lies, for messages: "file: variable: missing value at time, y, x (lat ..., lon
  /// ...)".
  /// @param instant  of the time axis
  /// @param value    of the instant, as an index of [variable, y, x]
  std::string describe_missing(std::int64_t instant, std::int64_t value) const;
  /// The first of a variable's files, for messages.
  std::string first_file(std::size_t variable) const;
  /// How a variable's values stand in time.
  /// @param as_told  what the user says, in place of `cell_methods`
  /// @throws Error as find_sampling, or naming two files that differ
  Sampling sampling(std::size_t variable, std::optional<TimeSampling> as_told = std::nullopt) const;
  /// Values filled so far, of all instants up to the last one read.
  std::int64_t filled() const;
  /// Closes the file that was read last; the next read opens it anew. For those who have many readers.
  void rest() const;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Expands "*", "?" and "[...]" in paths (sorted); a path without them stays as it is.
/// @throws Error naming a pattern that matches nothing
std::vector<std::filesystem::path> expand_files(const std::vector<std::string>& patterns);

/// The index range [first, last) of the axis between two dates.
///
/// @param start, end  dates as in calendar::parse_date_time, both inclusive; a bare date means the whole day.
///                    Empty: the axis's own first and last instant.
/// @param half_interval_seconds  of means, whose middles the axis holds: the data reach as far beyond its
/// ends
/// @throws Error if a date is unreadable or outside the axis, or no instant lies between the two; the message
///         names the axis's first and last instant
struct IndexRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t size() const { return last - first; }
};
IndexRange select_period(const calendar::TimeAxis& axis, const std::string& start, const std::string& end,
                         std::int64_t half_interval_seconds = 0);

}  // namespace foehn::io

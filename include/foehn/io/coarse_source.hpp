#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "foehn/io/field_reader.hpp"

namespace foehn::io {

/// What a value stands for in time, seconds since 1970-01-01 of its calendar: the mean over [begin, end), or
/// an instant, where both are the same.
struct TimeSpan {
  std::int64_t begin = 0;
  std::int64_t end = 0;
  bool operator==(const TimeSpan&) const = default;
};

/// Coarse data of some variables at the same times: all of them snapshots, or all of them means over time.
struct CoarseSource {
  std::vector<std::filesystem::path> files;
  std::vector<std::int64_t> variables;  ///< indices of the variables that were asked for, rising
  bool is_mean = false;                 ///< by `cell_methods`
  FieldReader reader;                   ///< of these variables
  std::vector<TimeSpan> spans;          ///< of the reader's instants, rising; none overlap
};

/// Opens files that together hold some or all of the wanted variables, none of them twice, in order of
/// variables. Files that hold the same variables are joined in time; one file may hold snapshots of some
/// variables and means of others.
///
/// `cell_methods` decides: "time: mean" needs bounds of the time coordinate, "time: point" is a snapshot, and
/// so is what says nothing and has no bounds either.
/// @throws Error for a file without any of the variables; a variable that is missing while a file holds one
///         that was not asked for (it may have another name there); a variable in two groups of files; a
///         method in time that is neither point nor mean, or not said where bounds are; means without bounds;
///         bounds that are no intervals around their times or overlap; and whatever FieldReader refuses
std::vector<CoarseSource> open_coarse_sources(const std::vector<std::filesystem::path>& files,
                                              const std::vector<Variable>& wanted);

}  // namespace foehn::io

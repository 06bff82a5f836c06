#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "foehn/io/field_reader.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::io {

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
/// What is a snapshot and what a mean is told by find_time_cells.
/// @throws Error for a file without any of the variables; a variable that is missing while a file holds one
///         that was not asked for (it may have another name there); a variable in two groups of files; means
///         that overlap; and whatever find_time_cells and FieldReader refuse
std::vector<CoarseSource> open_coarse_sources(const std::vector<std::filesystem::path>& files,
                                              const std::vector<Variable>& wanted,
                                              Grids grids = Grids::of_priors);

}  // namespace foehn::io

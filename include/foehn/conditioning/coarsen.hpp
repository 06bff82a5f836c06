#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/core/per_variable.hpp"
#include "foehn/io/time_cells.hpp"

namespace foehn::conditioning {

/// Cells per side of a block, unless told.
inline constexpr std::int64_t kBlock = 8;

struct CoarsenOptions {
  std::string input;
  std::vector<std::string> variables;  ///< "name=standard name"; empty: all
  std::string crop;                    ///< "y0:y1,x0:x1"; empty: the whole grid
  core::PerVariable<io::TimeSampling> cell_methods;
  std::string start;                  ///< first instant; empty: the file's
  std::int64_t hours = 0;             ///< steps of the file; 0: to its end
  std::optional<std::int64_t> block;  ///< cells per side of a block; absent: kBlock
  std::string grid;        ///< of an octahedral grid whose cells take the place of blocks; empty: blocks
  std::int64_t every = 6;  ///< steps between two observations
  bool is_mean = false;    ///< means over these steps instead of snapshots
  std::string output;

  std::int64_t cells_per_side() const { return block.value_or(kBlock); }
};

/// @throws core::UsageError if both a block and a grid are given
void check_cells(const CoarsenOptions& options);

/// Writes block means of every `every`-th instant of a fine file, or of the means over as many: the coarse
/// twin of a trajectory; or area-weighted means over the cells of an octahedral grid, all of which the fine
/// grid must cover. Where the fine fields are means over time, so is what is written, with their bounds.
/// @param validate_only  check the input, write nothing
void coarsen_file(const CoarsenOptions& options, bool validate_only = false);

}  // namespace foehn::conditioning

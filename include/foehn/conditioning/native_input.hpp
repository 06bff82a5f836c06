#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/conditioning/observation_input.hpp"
#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/point_set.hpp"
#include "foehn/conditioning/series.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/io/coarse_source.hpp"
#include "foehn/model/coarse_cells.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

struct NativeOptions {
  std::vector<std::filesystem::path> files;
  double missing_fraction = 0;  ///< of a variable's values in the domain that may be missing
  /// File with the weights of the domain's cells in those of the files (io::read_weights_within); empty: they
  /// follow from where cells lie.
  std::filesystem::path weights{};
};

/// Observations on a climate model's own grid: a coarse cell that lies wholly within the domain is the
/// area-weighted mean of the domain's cells under it (grid::cells_within), or the mean that a weight file
/// says; others are not used. Nothing is regridded. Of the root alone.
class NativeInput {
 public:
  /// Opens the files.
  /// @param domain  outlives this
  /// @throws core::Error naming the file and what is wrong, as io::open_coarse_sources, grid::cells_within
  /// and
  ///         io::read_weights_within; cells without corners; or a time axis whose step is not a multiple of
  ///         the domain's
  NativeInput(NativeOptions options, const model::Domain& domain);

  const std::vector<std::filesystem::path>& files() const { return options_.files; }
  /// What is observed when; of blocks, these say nothing.
  std::vector<Series> series() const;
  std::vector<Origin> origins() const;
  /// SHA-256 of the files' content.
  std::string digest() const;
  /// Reads all values, a set for each variable; missing ones are left out, which the log says.
  /// @param std  of the errors, one per variable of the domain, in its unit
  /// @throws core::Error naming file, variable, time and place of a value that is far from all that the prior
  ///         knows, an observation that is not in the trajectory, or a variable of which more is missing than
  ///         may be
  std::vector<PointSet> place(const Period& period, const std::vector<double>& std) const;
  /// Reads the values of all variables as fields that a prior is given, normalised: [observation, variable,
  /// 1, cell], float32. To be called where every file has the same times, and all variables are there.
  /// @param cells  those that the prior has learnt to be given
  /// @throws core::Error naming the file and how its grid differs from that of the cells; or file, variable,
  ///         time and place of a value that is missing or far from all that the prior knows
  at::Tensor coarse_fields(const model::CoarseCells& cells) const;

 private:
  struct Source {
    io::CoarseSource data;
    grid::CellsWithin within;
  };
  std::vector<PointSet> place(const Source& source, const Period& period,
                              const std::vector<double>& std) const;
  at::Tensor coarse_fields(const Source& source, const model::CoarseCells& cells) const;

  NativeOptions options_;
  const model::Domain& domain_;
  std::vector<Source> sources_;
};

}  // namespace foehn::conditioning

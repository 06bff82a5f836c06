#pragma once

#include <filesystem>

#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/regridding.hpp"

namespace foehn::io {

/// Reads regridding weights that another program made, in one of two layouts:
/// - SCRIP, as cdo writes it: `src_address`, `dst_address`, `remap_matrix(num_links, num_wgts)`;
/// - ESMF, which xESMF writes too: `col` (source), `row` (target), `S`.
/// Addresses count from 1, x fastest. Only files with one weight a link are read: bilinear, nearest
/// neighbour, first-order conservative; cdo's second-order and bicubic weights need gradients as well.
///
/// Each target cell's weights are scaled to sum to 1, so that the normalisations "fracarea", "destarea" and
/// "none" come to the same: the mean over the part of a cell that the source covers, as is right for
/// temperatures, pressures and winds.
///
/// Sizes and cell centres that the file holds (`src_grid_dims`, `src_grid_center_lat`, `yc_a`, ..., in
/// degrees or radians) must be those of the grids to within 0.01 degrees; what it does not hold is not
/// checked. Before they are scaled, weights must sum to 1 for each target cell; to less than 1 too where they
/// may be conservative (neither `map_method` nor `normalization` "fracarea" says otherwise), and to anything
/// above 0 under the normalization "none".
///
/// @param source, target  the grids that the weights are used on
/// @throws Error naming file and variable: of another layout, sizes or centres of another grid, an address
///         outside its grid, a weight that is not finite, or a target cell without weights or with a wrong
///         sum
grid::RegriddingWeights read_weight_file(const std::filesystem::path& path, const grid::CellCentres& source,
                                         const grid::CellCentres& target);

/// Reads those of means over the cells of a fine grid, the file's source, for the cells of a coarse one, its
/// target, that the fine grid covers but for a thousandth of their area: as `dst_grid_frac` or `frac_b` say,
/// or else sums of weights. Cells without weights, or covered less, are left out; of weights that interpolate
/// all that have some are used.
/// @throws Error as above, but for sums; or naming a target cell whose weights, though there, do not sum to
///         more than 0; if no cell is covered; or if the file does not tell which cells are covered in part,
///         as cdo's of the normalisation "fracarea", which scales their weights
grid::CellsWithin read_weights_within(const std::filesystem::path& path, const grid::CellCentres& fine,
                                      const grid::CellCentres& coarse);

/// Whether a weight file holds the centres of the cells of both its grids, so that they can be compared.
bool has_cell_centres(const std::filesystem::path& path);
/// Warns, naming the file, if it does not.
void warn_without_cell_centres(const std::filesystem::path& path);

}  // namespace foehn::io

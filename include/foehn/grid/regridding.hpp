#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::grid {

/// The cell centres of any grid of rows and columns, curvilinear ones too; [y, x]. Those of cells that do
/// not exist (suppressed ones of a curvilinear grid) are NaN.
struct CellCentres {
  std::int64_t ny = 0;
  std::int64_t nx = 0;
  Geographic centres;

  std::int64_t cells() const { return ny * nx; }
};
CellCentres cell_centres(const Grid& grid);

/// Least part of a target cell's weight that must lie on valid source cells.
inline constexpr double kLeastValidWeight = 0.5;

/// Fields on one grid as weighted sums of fields on another: a sparse matrix, [target cell, source cell], in
/// compressed rows. Every target cell has a weight, and its weights sum to 1: a constant stays that constant.
struct RegriddingWeights {
  std::int64_t source_ny = 0;
  std::int64_t source_nx = 0;
  std::vector<std::int64_t> first_link{0};  ///< [target cells + 1]: where each target cell's links begin
  std::vector<std::int64_t> source_cell;    ///< [links]: y * source_nx + x
  std::vector<double> weight;               ///< [links], unit 1

  std::int64_t source_cells() const { return source_ny * source_nx; }
  std::int64_t target_cells() const { return static_cast<std::int64_t>(first_link.size()) - 1; }

  /// One field; sums are in float64. A NaN spreads to every target cell that has a weight on it.
  /// @param source  [source_ny, source_nx]
  /// @param target  [target cells]
  /// @throws Error if a size is not that of its grid
  void apply(std::span<const float> source, std::span<float> target) const;

  /// One field with missing values: a target cell is the mean over its valid source cells, its weights
  /// scaled to sum to 1 again; where less than `least_valid_weight` of its weight is valid, it is NaN.
  /// @param is_missing  one flag per source cell; what `source` holds there is ignored
  void apply(std::span<const float> source, std::span<const std::uint8_t> is_missing, std::span<float> target,
             double least_valid_weight = kLeastValidWeight) const;

  /// The smallest range of rows and columns that holds every source cell with a weight, so that a reader need
  /// not read the rest. Where targets lie on both sides of the source's seam it is all columns.
  Crop used_source() const;
};

/// Bilinear interpolation in the source grid's own latitude and longitude, exact for fields linear in both.
///
/// The source may run either way in latitude, and with any offset in longitude; a grid that goes round the
/// globe has no seam. A target beyond the last row of such a grid, where that row lies no more than a step
/// from the pole, is linear in latitude between the row and the pole, whose value is the row's mean. At any
/// other border a target up to half a cell outside the outermost centres, hence still inside the outermost
/// cells, takes the value at the border: nothing is extrapolated.
/// From a list of cells in rows, those of a reduced Gaussian grid, it is linear on triangles between the
/// cells of neighbouring rows, whose sides are great circles: the three weights are those with which the
/// corners make the target's direction. At a pole the value is the mean of the row next to it.
/// @note Winds are interpolated as two scalars, which is wrong next to a pole.
///
/// @param source   with at least 2 rows and 2 columns; or a list of cells that lie in rows (find_rows) of at
///                 least 3, from pole to pole
/// @param targets  geographic positions, degrees
/// @throws Error naming the first target that is further outside, or why the source's cells lie in no rows
RegriddingWeights bilinear_weights(const Grid& source, const Geographic& targets);

/// The same, but targets further outside have no weights.
/// @throws Error why the source's cells lie in no rows
RegriddingWeights bilinear_weights_inside(const Grid& source, const Geographic& targets);

/// Bilinear interpolation in the quadrilaterals of neighbouring cell centres, for a source grid whose
/// latitudes and longitudes are fields. Each quadrilateral is seen in the gnomonic projection about the
/// target, so that neither poles nor seams matter. The last column is not taken for a neighbour of the first.
/// A cell whose centre is not finite does not exist: it belongs to no quadrilateral.
/// @throws Error naming the first target that lies in no quadrilateral
RegriddingWeights bilinear_weights(const CellCentres& source, const Geographic& targets);

/// First-order conservative regridding: the mean of the source over each target cell, weighted by the area of
/// the overlaps (SCRIP's "fracarea": over the part of the cell that the source covers).
/// Source: Jones 1999, Mon. Wea. Rev. 127:2204, Eq. 3.
///
/// Cells reach as far as the axes' bounds say. Without bounds they reach half-way to their neighbours; the
/// outermost reach as far out, or to the pole where the grid goes round the globe and its last row lies no
/// more than a step from the pole.
/// Where both grids have the same pole, areas are exact. Where they differ, the target's cells are polygons
/// in the equal-area plane (longitude, sin latitude) of the source, whose sides follow the cell's parallels
/// and meridians to 1e-5 of the cell's area.
///
/// The cells of a reduced Gaussian grid reach half-way to their neighbours in the row, and rows as far as
/// gives their cells the areas that they have (row_edges).
///
/// @param source, target  with at least 2 rows and 2 columns; or reduced Gaussian
/// @throws Error naming the first target cell of which the source covers less than half, or the first bounds
///         that do not enclose their centre or leave a gap
RegriddingWeights conservative_weights(const Grid& source, const Grid& target);

}  // namespace foehn::grid

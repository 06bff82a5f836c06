#pragma once

#include <cstdint>
#include <span>

namespace foehn::evaluation {

/// Side of the windows, in cells; on smaller grids the largest odd number that fits.
inline constexpr std::int64_t kSimilarityWindow = 15;

/// Mean structural similarity of two fields (Wang et al. 2004, doi:10.1109/TIP.2003.819861) over all square
/// windows that lie inside the grid: the product of what means, deviations and correlation within a window
/// have in common, 1 where fields are equal. Windows are uniform and variances unbiased, as scikit-image has
/// them; K1 = 0.01, K2 = 0.03. Both fields may be [y, x] in any unit.
///
/// @param truth  its range (highest minus lowest value) is the dynamic range
/// @return       NaN if the truth is the same everywhere, a value is NaN, or the grid has a side of fewer
///               than 3 cells
double structural_similarity(std::span<const double> field, std::span<const double> truth, std::int64_t ny,
                             std::int64_t nx);

}  // namespace foehn::evaluation

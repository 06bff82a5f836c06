#pragma once

#include <filesystem>

#include "foehn/grid/cells_within.hpp"
#include "foehn/io/coarse_source.hpp"

namespace foehn::conditioning {

/// The cells of a source's own grid that a fine grid covers whole, as means of fine cells.
/// @param weights  file with the weights of fine cells in them (io::read_weights_within); empty: they follow
/// from where
///                 cells lie (grid::cells_within), as bounds in the source's file say where it has them
/// @throws core::Error as these; or of a list of cells of which it is not known where they end
grid::CellsWithin native_cells(const io::CoarseSource& source, const grid::Grid& fine,
                               const std::filesystem::path& weights);

}  // namespace foehn::conditioning

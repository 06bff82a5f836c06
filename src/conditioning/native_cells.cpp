#include "foehn/conditioning/native_cells.hpp"

#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/regridding.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/weight_file.hpp"

namespace foehn::conditioning {

grid::CellsWithin native_cells(const io::CoarseSource& source, const grid::Grid& fine,
                               const std::filesystem::path& weights) {
  grid::Grid own = source.reader.grid();
  if (!weights.empty())
    return core::with_context("observation.weights", [&] {
      io::warn_without_cell_centres(weights);
      return io::read_weights_within(weights, grid::cell_centres(fine), grid::cell_centres(own));
    });
  if (own.unstructured && own.unstructured->corners.latitude.empty() && !grid::find_rows(*own.unstructured))
    throw core::Error(
        "grid: where its cells end is not known: expected bounds of latitude and longitude with the corners "
        "of each cell, or weights of the prior's cells in them (observation.weights)");
  io::read_cell_bounds(io::NetcdfFile::open(source.files.front()), own);
  return grid::cells_within(fine, own);
}

}  // namespace foehn::conditioning

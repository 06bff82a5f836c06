#include "regridding_weights.hpp"

#include "foehn/core/error.hpp"
#include "foehn/io/weight_file.hpp"

namespace foehn::ingestion {

grid::RegriddingWeights regridding_weights(const SourceGrid& source, const Target& target) {
  if (!target.weights.empty()) {
    const grid::CellCentres from =
        source.rectilinear ? grid::cell_centres(*source.rectilinear) : source.centres;
    grid::RegriddingWeights weights =
        io::read_weight_file(target.weights, from, grid::cell_centres(target.domain));
    io::warn_without_cell_centres(target.weights);
    return weights;
  }
  if (source.is_mesh)
    throw core::Error(
        "the cells of its grid do not form rows and columns: give a weight file onto the domain, made by "
        "cdo or ESMF (regrid.weights)");
  if (target.method == RegridMethod::conservative) {
    if (!source.rectilinear)
      throw core::Error(
          "its grid is curvilinear, and only its cell centres are known: set regrid.method to bilinear, or "
          "give a conservative weight file (regrid.weights)");
    return grid::conservative_weights(*source.rectilinear, target.domain);
  }
  const grid::Geographic targets = grid::geographic_coordinates(target.domain);
  return source.rectilinear ? grid::bilinear_weights(*source.rectilinear, targets)
                            : grid::bilinear_weights(source.centres, targets);
}

}  // namespace foehn::ingestion

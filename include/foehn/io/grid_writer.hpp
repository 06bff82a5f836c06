#pragma once

#include <optional>
#include <string>

#include "foehn/grid/grid.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// How a grid's coordinate reference system stands in a file.
struct GridMapping {
  std::string name = "rotated_pole";   ///< of the variable that holds it
  std::optional<double> earth_radius;  ///< m; where given, a geographic grid has a mapping as well
  bool has_cell_bounds = false;        ///< whether the file says where cells end
};

/// Defines a grid's coordinate variables (and its grid mapping and 2-D coordinates where it is rotated) in a
/// new file. Of cells without rows: latitude, longitude and area, and corners where they are known; a mapping
/// does not matter.
void define_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping = {});
/// Writes their values; after the definitions.
void write_grid(NetcdfFile& file, const grid::Grid& grid, const GridMapping& mapping = {});
/// Attributes a data variable on the grid needs: `grid_mapping` and `coordinates`; of a geographic grid no
/// coordinates, and a mapping only where the earth's radius is given; of cells without rows `coordinates` and
/// `cell_measures`, and CDI_grid_type for cdo.
Attributes grid_attributes(const grid::Grid& grid, const GridMapping& mapping = {});

}  // namespace foehn::io

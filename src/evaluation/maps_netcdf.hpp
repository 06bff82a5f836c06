#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// A variable of a file of maps.
struct MapField {
  std::string name, long_name, units;
  bool has_seasons = false;         ///< by season (year, djf, mam, jja, son)
  std::vector<double> values = {};  ///< [y, x], or [season, y, x]; NaN: not defined
};

/// Writes maps on one grid as NetCDF, whole or not at all.
/// @throws Error if the file cannot be written
void write_maps(const std::filesystem::path& path, const std::string& title, const grid::Grid& grid,
                const std::vector<MapField>& maps);

}  // namespace foehn::evaluation

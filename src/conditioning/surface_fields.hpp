#pragma once

#include <filesystem>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::conditioning {

// What a file on any grid says of the surface under the cells of a grid, [y, x]: values between the centres
// of its own cells. A leading dimension of time has one step.

/// Heights above sea level, m: `surface_altitude`, or `geopotential` or `surface_geopotential` over standard
/// gravity.
/// @throws core::Error naming the file and what it lacks: such a variable, a unit, a value, or cells
std::vector<double> read_heights(const std::filesystem::path& path, const grid::Grid& grid);

/// Shares of land, from 0 to 1: `land_area_fraction` or `land_binary_mask`.
/// @throws core::Error likewise, or for a share that is not from 0 to 1
std::vector<double> read_land_shares(const std::filesystem::path& path, const grid::Grid& grid);

}  // namespace foehn::conditioning

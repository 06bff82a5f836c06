#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"

namespace foehn::io {

/// Reads fields that do not change in time, such as orography, at the cells of a grid. The files' own grid
/// may reach further; longitudes are compared modulo 360 degrees.
/// @param files  each field is taken from the first that has it
/// @param names  variables, by their name or CF standard name
/// @return       one per name, [y, x] row-major, unpacked, in the files' units
/// @throws core::Error naming file, variable, and what is wrong: a variable that no file has, a grid that
/// lacks
///         a cell, several times, a missing value and where it is
std::vector<std::vector<double>> read_static_fields(const std::vector<std::filesystem::path>& files,
                                                    const std::vector<std::string>& names,
                                                    const grid::Grid& grid);

}  // namespace foehn::io

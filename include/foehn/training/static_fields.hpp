#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/training/settings.hpp"

namespace foehn::training {

/// The names of the static fields that the network knows: those asked for, then sine and cosine of latitude
/// and of longitude, if these are.
std::vector<std::string> static_names(const Settings& settings);

/// These fields on a grid, each with mean 0 and standard deviation 1 over its cells, [field, y, x] row-major.
/// @throws core::Error as io::read_static_fields, or naming a field that is the same in all cells
std::vector<double> read_static(const Settings& settings, const grid::Grid& grid);

}  // namespace foehn::training

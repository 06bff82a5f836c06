#pragma once

#include <filesystem>

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Whether the HDF5 library here can undo the filters that a variable's values are stored with.
/// @throws Error naming file and variable, the filter and its number, and what to do
void check_filters(int file, const NetcdfVariable& variable, const std::filesystem::path& path);

}  // namespace foehn::io

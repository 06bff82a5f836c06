#pragma once

#include <filesystem>
#include <functional>

#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Writes a NetCDF file whole or not at all: beside, synced, renamed; nothing is left of it if `fill` throws.
/// @param fill  defines and writes everything in the new file
void write_netcdf_atomically(const std::filesystem::path& path,
                             const std::function<void(NetcdfFile& file)>& fill);

}  // namespace foehn::io

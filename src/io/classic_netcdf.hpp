#pragma once

#include <filesystem>

namespace foehn::io {

/// Checks that an open file in one of NetCDF's classic formats (CDF-1, 2, 5) is as long as its header says:
/// NetCDF-C reads zeros beyond the end of a truncated one. Does nothing for NetCDF-4, whose library checks by
/// itself.
/// @throws Error naming the file and both lengths
void check_classic_length(int file, const std::filesystem::path& path);

}  // namespace foehn::io

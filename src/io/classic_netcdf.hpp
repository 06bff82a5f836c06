#pragma once

#include <filesystem>

namespace foehn::io {

/// Checks the header of a file in one of NetCDF's classic formats before NetCDF-C reads it, which takes
/// counts for sizes of memory, and copies names however long they are. Does nothing for files of other
/// formats.
/// @throws Error naming the file if the header extends beyond its end, or a name is longer than NC_MAX_NAME
void check_classic_header(const std::filesystem::path& path);

/// Checks that an open file in one of NetCDF's classic formats (CDF-1, 2, 5) is as long as its header says:
/// NetCDF-C reads zeros beyond the end of a truncated one. Does nothing for NetCDF-4, whose library checks by
/// itself.
/// @throws Error naming the file and both lengths
void check_classic_length(int file, const std::filesystem::path& path);

}  // namespace foehn::io

#pragma once

#include <filesystem>
#include <string>

namespace foehn::io {

/// Bytes that are free on a folder's disk.
double free_space(const std::filesystem::path& folder);
/// "12.5 MB"
std::string megabytes(double bytes);

/// Weather as float32, shuffled and deflated, is not smaller than this part of itself.
inline constexpr double kBestCompression = 0.3;
/// @param least, whole  bytes that files in the folder take, well compressed and not at all
/// @param what          these files, in the plural
/// @throws core::Error if the disk has no room for the least; warns if it has none for the whole
void check_free(const std::filesystem::path& folder, double least, double whole, const std::string& what);

}  // namespace foehn::io

#pragma once

#include <filesystem>
#include <string>

namespace foehn::io {

/// What a file that NetCDF-C cannot open is, as its first bytes tell, and what to do about it: "it is a ZIP
/// archive: unpack it (unzip) and name the files in it".
/// @param reason  what NetCDF-C says, for files whose bytes tell nothing
std::string describe_unreadable(const std::filesystem::path& path, const std::string& reason);

}  // namespace foehn::io

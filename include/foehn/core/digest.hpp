#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace foehn::core {

/// SHA-256 of some bytes, in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

/// SHA-256 of a file's content, in lower-case hexadecimal.
/// @throws Error if the file cannot be read
std::string sha256_of_file(const std::filesystem::path& path);

/// SHA-256 of several contents whose own digests these are, whatever their order; one digest stands for
/// itself.
std::string sha256_of_digests(std::vector<std::string> digests);

/// SHA-256 of the content of several files, whatever their order; for one file, that of sha256_of_file.
/// @throws Error as sha256_of_file
std::string sha256_of_files(const std::vector<std::filesystem::path>& paths);

}  // namespace foehn::core

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace foehn::core {

/// SHA-256 of some bytes, in lower-case hexadecimal.
std::string sha256(std::string_view bytes);

/// SHA-256 of a file's content, in lower-case hexadecimal.
/// @throws Error if the file cannot be read
std::string sha256_of_file(const std::filesystem::path& path);

}  // namespace foehn::core

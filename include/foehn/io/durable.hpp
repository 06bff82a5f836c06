#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace foehn::io {

/// Writes a small file whole or not at all: beside, synced, renamed.
/// @throws core::Error naming the file, such as on a full disk
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// Brings a whole file to disk. @throws core::Error naming it and the system's reason
void sync_file(const std::filesystem::path& path);

/// Creates a folder and its parents, if absent, and brings their names to disk.
/// @throws core::Error naming it and the system's reason
void make_folders(const std::filesystem::path& folder);

/// Gives a folder of files that are on disk its final name, whole or not at all: syncs it, renames it and
/// syncs where it lies. A folder that has the final name already is removed first.
/// @throws core::Error naming the final path and the system's reason
void publish_folder(const std::filesystem::path& temporary, const std::filesystem::path& final_path);

/// A small file, read whole.
/// @throws core::Error naming the file if it cannot be read or is larger than `most_bytes`
std::string read_small_file(const std::filesystem::path& path, std::size_t most_bytes);

}  // namespace foehn::io

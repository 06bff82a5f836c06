#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace foehn::io {

/// The name under which a file is written until it is whole: ".<name>.part" in the same folder.
/// @throws Error if the folder does not exist
std::filesystem::path temporary_path_of(const std::filesystem::path& path);

/// Brings a file that is whole to disk. @throws Error naming the final path and the system's reason
void sync_file(const std::filesystem::path& temporary_path, const std::filesystem::path& path);
/// Gives a file on disk its final name, and syncs the folder.
/// @throws Error naming the final path and the system's reason
void rename_file(const std::filesystem::path& temporary_path, const std::filesystem::path& path);
/// Both.
void publish_file(const std::filesystem::path& temporary_path, const std::filesystem::path& path);

/// A file of bytes that appears under its name whole or not at all.
class AtomicFile {
 public:
  /// @throws Error if the folder does not exist or cannot be written
  explicit AtomicFile(std::filesystem::path path);
  /// Removes what was written, unless it was committed.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends bytes. @throws Error, such as on a full disk
  void write(std::span<const std::byte> bytes);
  /// Syncs the file and gives it its final name.
  void commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  int descriptor_ = -1;
};

}  // namespace foehn::io

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace foehn::service {

/// Held by one process; given up at the end of its life.
class Lock {
 public:
  Lock() = default;
  virtual ~Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
};

/// All that a spool asks of the file system that its services share. Safe from any thread.
///
/// A rename on a network file system may be carried out although the call failed, be carried out late, or be
/// carried out again: callers look whether the target exists, and choose targets that are theirs alone.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// The names in a folder, in no order, without hidden ones; none where the folder is absent.
  virtual std::vector<std::string> list(const std::filesystem::path& folder) = 0;
  virtual bool exists(const std::filesystem::path& path) = 0;
  /// Asks for a rename, and does not say whether it was carried out.
  virtual void rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Makes a file with all of its content, or none.
  /// @return  false if the name is taken
  virtual bool create(const std::filesystem::path& path, std::string_view content) = 0;
  /// Writes a file anew, or makes it; a reader may see it half-written.
  virtual void overwrite(const std::filesystem::path& path, std::string_view content) = 0;
  /// Adds to the end of a file that no other process writes, and brings it to disk.
  virtual void append(const std::filesystem::path& path, std::string_view content) = 0;
  /// The content; nothing if there is no such file.
  virtual std::optional<std::string> read(const std::filesystem::path& path) = 0;
  /// Removes a file or an empty folder, if it is there.
  virtual void remove(const std::filesystem::path& path) = 0;
  /// Makes a folder and its parents.
  /// @return  false if it was there
  virtual bool make_folder(const std::filesystem::path& folder) = 0;
  /// A lock on a folder, which the system releases when its process ends, however it ends; null while another
  /// process holds it.
  virtual std::unique_ptr<Lock> try_lock(const std::filesystem::path& folder) = 0;
};

/// The real one. Its functions throw core::Error naming the file and the system's reason.
FileSystem& disk();

}  // namespace foehn::service

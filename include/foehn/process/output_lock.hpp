#pragma once

#include <filesystem>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::process {

/// Another run holds the folder.
class FolderInUse : public core::Error {
 public:
  FolderInUse(const std::string& message, bool is_locked) : Error(message), is_locked_(is_locked) {}
  /// The system vouches that the holder lives. Otherwise only a file says so, which a dead one may have left.
  bool is_locked() const { return is_locked_; }

 private:
  bool is_locked_;
};

/// Keeps a folder for one writer: a lock on its file .foehn_lock, which says who holds it. The system
/// releases the lock when the process ends, however it ends, so that it never stays behind. On a file system
/// without locks the file itself is the lock: it is stale if its process no longer runs on this machine.
class OutputLock {
 public:
  /// @param option  that names the folder
  /// @throws FolderInUse saying who holds the folder; core::Error if it cannot be locked
  OutputLock(const std::filesystem::path& folder, const std::string& option);
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace foehn::process

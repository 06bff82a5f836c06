#pragma once

#include <filesystem>
#include <string>

#include "foehn/core/error.hpp"

namespace foehn::process {

/// Another run holds the folder.
class FolderInUse : public core::Error {
 public:
  using Error::Error;
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

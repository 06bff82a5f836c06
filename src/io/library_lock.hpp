#pragma once

#include <mutex>

namespace foehn::io {

/// Held around every use of NetCDF-C and HDF5, which are not thread-safe: members and checkpoints are written
/// behind a thread that may read files meanwhile.
class LibraryLock {
 public:
  LibraryLock() : lock_(mutex()) {}

 private:
  /// Recursive, since a file's methods use one another.
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex one;
    return one;
  }
  std::lock_guard<std::recursive_mutex> lock_;
};

}  // namespace foehn::io

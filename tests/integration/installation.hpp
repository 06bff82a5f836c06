#pragma once

#include <filesystem>

#include "io/test_files.hpp"
#include "outcome.hpp"

namespace foehn::testing {

/// What `cmake --install` makes of this build, in a folder of its own.
class Installation {
 public:
  /// @throws std::runtime_error saying what cmake said, if it fails
  Installation();

  std::filesystem::path prefix() const { return folder_ / "prefix"; }
  /// Of share/foehn: "launch/run".
  std::filesystem::path shared(const std::string& path) const { return prefix() / "share/foehn" / path; }

 private:
  io::TemporaryFolder folder_;
};

}  // namespace foehn::testing

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foehn::process {

/// The folder that results go to: created if absent, and written to once, so that a folder that cannot be
/// written to is found before the work and not after it. With `is_temporary`, folders that were made and are
/// empty are removed again at the end of this object's life.
class OutputFolder {
 public:
  /// @param option  names the folder in messages
  /// @throws core::Error naming the option and the folder
  OutputFolder(const std::filesystem::path& folder, const std::string& option, bool is_temporary);
  ~OutputFolder();
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  std::vector<std::filesystem::path> to_remove_;  // innermost first
};

}  // namespace foehn::process

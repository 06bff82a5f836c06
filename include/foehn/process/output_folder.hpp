#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foehn::process {

/// The folder that results go to: made where absent, and written to once, so that a folder that cannot be
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

/// @throws core::Error naming the option if `output` is one of the files that are read
void refuse_overwriting(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                        const std::string& option);

}  // namespace foehn::process

#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foehn::io {

/// @throws core::Error naming the option if `output` is one of the files that are read
void refuse_overwriting(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                        const std::string& option);

}  // namespace foehn::io

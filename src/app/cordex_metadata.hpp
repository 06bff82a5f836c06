#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "foehn/io/cordex_metadata.hpp"
#include "foehn/job/settings.hpp"

namespace foehn::app {

/// Reads a file of metadata: lines "key = value".
/// @throws core::UsageError naming the file and what is wrong: an unknown key (with the nearest known one),
/// or
///         keys that are missing or not of their form
io::CordexMetadata read_cordex_metadata(const std::filesystem::path& path);

/// The text of a file of metadata like another one, but for some keys.
/// @throws core::UsageError naming the file and a value that such a file cannot hold
std::string cordex_metadata_text(const std::filesystem::path& path,
                                 const std::map<std::string, std::string>& changes);

/// The metadata that output.layout calls for, if any.
/// @param path  output.metadata; empty: not given
/// @throws core::UsageError if output.metadata is missing, or given to a layout that takes none
std::optional<io::CordexMetadata> output_metadata(job::Layout layout, const std::string& path);

}  // namespace foehn::app

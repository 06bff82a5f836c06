#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace foehn::checkpoint {

/// One file of a checkpoint: hours [first, last).
struct SlabFile {
  std::int64_t first = 0, last = 0;
  std::int64_t bytes = 0;
  std::string digest;

  /// Made of the hours alone: no name that was read from a file is ever opened.
  std::string name() const;
};

/// What a checkpoint says of itself.
struct Manifest {
  std::string identity;
  std::int64_t step = 0;
  std::map<std::string, std::string> facts;
  std::map<std::string, std::vector<std::int64_t>> fields;  ///< the form of an hour of each
  std::vector<SlabFile> files;                              ///< in order of hours, without gap
};

inline constexpr const char* kManifestName = "manifest.json";

/// JSON with a digest of its own.
std::string manifest_text(const Manifest& manifest);
/// @throws core::Error if the text is not a manifest, was changed, or states the impossible
Manifest parse_manifest(const std::string& text);

}  // namespace foehn::checkpoint

#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

#include "foehn/checkpoint/store.hpp"
#include "manifest.hpp"

namespace foehn::checkpoint {

/// Writes a rank's hours of all fields as one file in a folder.
/// @param fields  [hour, ...], float32 on the host, contiguous
/// @return        what the manifest says of it
SlabFile write_slab_file(const std::filesystem::path& folder, Hours hours,
                         const std::map<std::string, at::Tensor>& fields);

/// @throws core::Error naming the file if its size or digest is not the manifest's
void check_slab_file(const std::filesystem::path& folder, const SlabFile& file);

/// Reads hours from whichever files of a checkpoint hold them.
std::map<std::string, at::Tensor> read_hours(const std::filesystem::path& folder, const Manifest& manifest,
                                             Hours hours);

}  // namespace foehn::checkpoint

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sample_job.hpp"

namespace foehn::app {

/// The numbers of the members that are not in the output folder yet.
/// @throws core::Error if one is there, or a checkpoint of one, that another run made, naming what differs
std::vector<std::int64_t> members_to_draw(const SampleJob& job, const SampleOptions& options);

/// Removes the checkpoints of all members, and the folder of them if it is of our making and empty.
void remove_checkpoints(const SampleOptions& options);

/// Finds out now, not after hours of sampling, whether the members can fit on the disk.
/// @param teams  that draw members, and so write checkpoints, at the same time
/// @throws core::Error if not even well compressed ones can; warns if they, or checkpoints, may not
void check_space(const SampleJob& job, const SampleOptions& options, int teams);

/// Weather as float32, shuffled and deflated, is not smaller than this part of itself.
inline constexpr double kBestCompression = 0.3;
/// @param least, whole  bytes that files in the folder take, well compressed and not at all
/// @param what          these files, in the plural
/// @throws core::Error if the disk has no room for the least; warns if it has none for the whole
void check_free(const std::filesystem::path& folder, double least, double whole, const std::string& what);

}  // namespace foehn::app

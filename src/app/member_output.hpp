#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "foehn/io/cordex_metadata.hpp"
#include "foehn/io/member_writer.hpp"
#include "foehn/io/trajectory_writer.hpp"
#include "sample_job.hpp"

namespace foehn::app {

/// Reads a file of metadata: lines "key = value".
/// @throws core::UsageError naming the file and what is wrong: an unknown key (with the nearest known one),
/// or
///         keys that are missing or not of their form
io::CordexMetadata read_cordex_metadata(const std::filesystem::path& path);

/// The metadata that output.layout calls for, if any.
/// @throws core::UsageError if output.metadata is missing, or given to a layout that takes none
std::optional<io::CordexMetadata> output_metadata(const SampleOptions& options);

/// Checks that metadata name the simulation that observations are of, where these say it.
/// @param observations  for messages
/// @param attributes    the observations' global ones
/// @throws core::UsageError naming both where they contradict each other
void check_driving(const io::CordexMetadata& metadata, const std::string& observations,
                   const io::Attributes& attributes);

/// The attribute of a member's files that holds SampleJob::identity.
inline constexpr const char* kIdentityAttribute = "foehn_identity";
/// What all of a member's files say.
io::TrajectoryHeader member_header(const SampleJob& job, const SampleOptions& options, std::int64_t member);

/// The names of a member's files in the output's folder.
/// @throws core::Error if the layout cannot hold the job
std::vector<std::filesystem::path> member_files(const SampleJob& job, const SampleOptions& options,
                                                std::int64_t member);

/// What writes them.
std::unique_ptr<io::MemberWriter> make_member_writer(const SampleJob& job, const SampleOptions& options,
                                                     std::int64_t member);

}  // namespace foehn::app

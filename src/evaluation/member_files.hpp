#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foehn::evaluation {

/// The files of one ensemble member, and what messages call it.
struct MemberFiles {
  std::string name;
  std::vector<std::filesystem::path> files;
};

/// Sorts files into members, in the order in which members are first seen. Files belong to one member if they
/// state the same `version_realization` (the layout `cordex`: a file per variable and year) or have the same
/// `realization`; a file that states neither is a member of its own.
/// @throws Error if there is no file, one cannot be read, or they are of different runs
std::vector<MemberFiles> group_members(const std::vector<std::filesystem::path>& files);

}  // namespace foehn::evaluation

#pragma once

#include <filesystem>
#include <vector>

#include "field_source.hpp"

namespace foehn::io {

/// Reads the headers of all files that hold a variable, each file opened once.
/// @param selection  whose crop is left to the caller; variables: empty: every one on (time, y, x), in the
///                   order in which the files have them
/// @return           [variable][file]
/// @throws Error as read_field_source, or naming a file that has none of the variables, or a variable that no
///         file has
std::vector<std::vector<FieldSource>> read_headers(const std::vector<std::filesystem::path>& files,
                                                   const FieldSelection& selection);

}  // namespace foehn::io
